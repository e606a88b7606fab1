"""redpix: sky images to measurements.

Arrays in, named results out. Modules know no files and no Snakemake; they are listed in the
order in which data flows, and a module imports only from those before it::

    exceptions, arrays, configuration, tables, masks, photometry, catalogue, frames, errors,
    geometry, registration, sources, pixels, photoz, mlz, listing, tabular, transforms, subtraction,
    tiles, coaddition, stacking, psf, psfield, background, alignment, asterisms, resampling,
    exposure, cameras, noise, rows, pairs, transients, hosts, images, regions, ccd, first_look,
    peaks, effective_psf, moffat_profile, psf_model, psf_stars, star_fit, star_detection, star_sky,
    crowded, star_quality, zero_point, light_curves, pictures, figures, plots, photoz_plots,
    change_plots, coadd_plots, photometry_plots, summaries

Beside the stream stands the demo, which imports of it what a survey would know::

    seds, rendering, demo, demo_camera, demo_format, demo_population, demo_truth, demo_scene,
    demo_ccd

and, of the same renderer, sources of known truth in frames::

    injection_sources, injection_places, injection

and pairs of images to learn from::

    redshifting, stamps, training_images, pixel_redshifting, network, training_plots
"""
