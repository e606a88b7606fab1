"""The report: one page that shows the run."""


rule report:
    input:
        delivered=f"{RESULTS}/frames/delivered.csv",
        objects=f"{RESULTS}/catalogue/objects.csv",
        rejected=f"{RESULTS}/catalogue/rejected.csv",
        registered=shown("registered", BANDS),
        frames=shown("frames", [REFERENCE]),
        errors=shown("errors", [REFERENCE]),
        pixels=pixel_tables,
        counts=lambda wildcards: [
            f"{RESULTS}/pixels/{field}.counts.csv" for field in delivered_fields(wildcards)
        ],
        predictions=photoz_products("objects.csv"),
        predicted_pixels=photoz_products("pixels.dat"),
        metrics=photoz_products("metrics.json"),
        pdfs=photoz_products("pdfs.parquet"),
        models=photoz_products("model.npz"),
        differences=all_differences,
        transients=all_transients,
        tables=table_products("metrics.json"),
        template=ROOT / "workflow/report/report.html.j2",
        style=ROOT / "workflow/report/style.css",
        definitions=ROOT / "workflow/report/definitions.yaml",
        library=library(
            *("catalogue", "change_plots", "exceptions", "figures", "masks", "pictures"),
            *("plots", "frames", "registration", "summaries", "tables", "transients"),
            *("photoz_plots", "photoz/pdf", "photoz/sparse", "photoz/topology"),
        ),
        scripts=shared_scripts(
            *("densities", "files", "job", "provenance"),
            *("report_changes", "report_files", "report_photoz"),
        ),
    output:
        f"{RESULTS}/report.html",
    log:
        f"{RESULTS}/logs/report/report.log",
    benchmark:
        f"{RESULTS}/benchmarks/report/report.tsv"
    threads: 1
    resources:
        mem_mb=1000,
    params:
        # how files were fetched is no part of what the page shows
        settings={key: value for key, value in config.items() if key != "download"},
        folder=RESULTS,
        benchmarks=f"{RESULTS}/benchmarks",
        most_fields=SHOWN_FIELDS,
        truth=f"{RESULTS}/demo/truth.csv" if config["source"] == "demo" else None,
    message:
        "report"
    script:
        "../../scripts/report.py"
