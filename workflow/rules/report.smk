"""The report: one page that shows the run."""

#: fields with pictures in the report
MOST_FIELDS = 12


def shown(stage, bands):
    """An input function for the images of the fields that the report shows."""
    return lambda wildcards: [
        f"{RESULTS}/{stage}/{field}-{band}.fits"
        for field in delivered_fields(wildcards)[:MOST_FIELDS]
        for band in bands
    ]


def predicted(file):
    """An input function for a product of each method; without a field there is none."""
    return lambda wildcards: [
        f"{RESULTS}/photoz/{method}/{file}"
        for method in config["photoz"]["methods"]
        if delivered_fields(wildcards)
    ]


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
        predictions=predicted("objects.csv"),
        predicted_pixels=predicted("pixels.dat"),
        metrics=predicted("metrics.json"),
        template=ROOT / "workflow/report/report.html.j2",
        style=ROOT / "workflow/report/style.css",
        definitions=ROOT / "workflow/report/definitions.yaml",
        library=library(
            *("catalogue", "exceptions", "figures", "masks", "pictures"),
            *("plots", "registration", "summaries", "tables"),
        ),
        scripts=shared_scripts("files", "job", "report_files"),
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
        settings=config,
        folder=RESULTS,
        benchmarks=f"{RESULTS}/benchmarks",
        most_fields=MOST_FIELDS,
    message:
        "report"
    script:
        "../../scripts/report.py"
