"""The report: figures, tables, sections, pages."""
