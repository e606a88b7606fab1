"""redpix: sky images to measurements.

Arrays in, named results out. Modules know no files and no Snakemake; they are listed in the
order in which data flows, and a module imports only from those before it::

    exceptions, configuration, masks, photometry, seds, rendering, demo,
    catalogue, frames, errors, registration, sources, pixels, photoz
"""
