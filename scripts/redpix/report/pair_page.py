"""Show one pair of files on a page of its own."""

from pathlib import Path

from redpix.core.atomic_files import write_text
from redpix.core.job import log
from redpix.report import difference_section, files
from redpix.report.figures import house_style


def main(snakemake):
    inputs, params = snakemake.input, snakemake.params
    with house_style():
        page = files.render(
            inputs.template,
            name=Path(inputs.transients).parent.name,
            science=params.science,
            reference=params.reference,
            pairs=difference_section.show_pairs([inputs.difference], [inputs.transients], None),
        )
    write_text(snakemake.output[0], page)
    log.info("%s: %.1f MB", snakemake.output[0], len(page) / 1e6)
