"""Objects of a field: origins, building the catalogue, ASSOC lists, detection."""
