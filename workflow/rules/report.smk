"""The report: one page that shows the run."""


def report_parts(*names):
    """Return the paths of parts of the report's template."""
    return [own_file(f"workflow/report/{name}.html.j2") for name in names]


def of_sky(paths):
    """Return an input function, or a path, of a sky; a run on the user's input has no sky."""
    return [] if OWN else paths


def shown(stage, bands):
    """Return an input function for the images of the fields that the report shows."""
    return of_sky(
        lambda wildcards: [
            f"{home(field)}/{stage}/{field}-{band}.fits"
            for field in delivered_fields(wildcards)[:SHOWN_FIELDS]
            for band in bands
        ]
    )


rule report:
    input:
        # the images themselves; the parameter raws names their HDUs, too
        lambda wildcards: [image_file(path) for path in images().raw_images()],
        # what the template includes
        report_parts("macros", "verdict", "explore", "catalogue_input", "photoz_checks", "gantt"),
        report_parts("coadds", "changes", "series", "photometry", "training"),
        own_file("workflow/report/style.css"),
        own_file("workflow/report/conditions.js"),
        own_file("workflow/report/objects.js"),
        own_file("workflow/report/fingers.js"),
        own_file("workflow/report/changes.js"),
        own_file("workflow/report/viewer.js"),
        delivered=of_sky(f"{RESULTS}/frames/delivered.csv"),
        objects=of_sky(f"{RESULTS}/catalogue/objects.csv"),
        rejected=of_sky(f"{RESULTS}/catalogue/rejected.csv"),
        registered=shown("registered", BANDS),
        matched=shown("matched", BANDS) if MATCH_PSF else [],
        frames=shown("frames", [REFERENCE]),
        errors=shown("errors", [REFERENCE]),
        pixels=of_sky(pixel_tables),
        counts=of_sky(pixel_counts),
        predictions=photoz_products("objects.csv"),
        predicted_pixels=photoz_products("pixels.dat"),
        metrics=photoz_products("metrics.json"),
        pdfs=photoz_products("pdfs.parquet"),
        models=photoz_products("model.npz"),
        exposures=f"{RESULTS}/frames/exposures.csv" if PLAN.fields else [],
        coadds=all_coadds,
        coadd_firsts=first_of_coadds,
        differences=all_differences,
        transients=all_transients,
        catalogues=all_known,
        series=all_series,
        series_curves=series_tables("light_curves.csv"),
        tracklets=series_tables("tracklets.csv"),
        tables=table_products("metrics.json"),
        calibrated=image_products(".calibrated.fits"),
        stars=image_products(".csv"),
        residuals=image_products(".residual.fits"),
        light_curves=light_curves,
        targets=target_curves,
        training=training_products,
        network=network_products,
        template=own_file("workflow/report/report.html.j2"),
        definitions=own_file("workflow/report/definitions.yaml"),
    output:
        page=shown_in_report(f"{RESULTS}/report.html", "page", "Report"),
    log:
        f"{RESULTS}/logs/report/report.log",
    benchmark:
        f"{RESULTS}/benchmarks/report/report.tsv"
    conda:
        "../../envs/python.yaml"
    threads: 4
    resources:
        mem_mb=memory(1500, times_input=0.3),
        runtime=minutes(20),
    params:
        code=code_of("report"),
        # the page does not show how files were fetched, nor other runs
        settings={key: config[key] for key in config if key not in ("download", "runs")},
        folder=RESULTS,
        benchmarks=f"{RESULTS}/benchmarks",
        raws=lambda wildcards: images().raw_images(),
        most_fields=SHOWN_FIELDS,
        exposed_by=PLAN.composition(),
        truth=f"{RESULTS}/demo/truth.csv" if config["source"] == "demo" and not OWN else None,
    message:
        "report"
    script:
        "../../scripts/report.py"


rule report_pair:
    input:
        # what the template includes
        report_parts("macros", "verdict", "changes"),
        own_file("workflow/report/style.css"),
        own_file("workflow/report/changes.js"),
        difference=f"{RESULTS}/subtraction/{{pair}}/image/difference.fits",
        transients=f"{RESULTS}/subtraction/{{pair}}/transients.csv",
        catalogues=lambda wildcards: [*known_bodies(wildcards), *gaia_of_pair(wildcards)],
        template=own_file("workflow/report/pair.html.j2"),
    output:
        page=shown_in_report(f"{RESULTS}/subtraction/{{pair}}/report.html", "pair", "Report"),
    log:
        f"{RESULTS}/logs/report/{{pair}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/report/{{pair}}.tsv"
    wildcard_constraints:
        pair="[A-Za-z0-9][A-Za-z0-9_.-]*",
    conda:
        "../../envs/python.yaml"
    threads: 1
    resources:
        mem_mb=memory(700, times_input=0.3),
        runtime=minutes(20),
    params:
        code=code_of("report_pair"),
        science=INPUT.pairs[0].science if INPUT.alone else None,
        reference=INPUT.pairs[0].reference if INPUT.alone else None,
    message:
        "{wildcards.pair}: report"
    script:
        "../../scripts/report_pair.py"
