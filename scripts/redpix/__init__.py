"""redpix: sky images to measurements.

Arrays in, named results out. Modules know no files and no Snakemake; they are listed in the
order in which data flows, and a module imports only from those before it::

    exceptions, configuration, tables, masks, photometry, catalogue, frames, errors,
    registration, sources, pixels, photoz, listing, tabular, subtraction, tiles, coaddition,
    psf, alignment, cameras, rows, pairs, transients, hosts, pictures, figures, plots,
    photoz_plots, change_plots, summaries

Beside the stream stands the demo, which imports of it what a survey would know::

    seds, rendering, demo, demo_camera, demo_format, demo_population, demo_truth, demo_scene
"""
