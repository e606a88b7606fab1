"""Photometric redshifts and classes: learnt from pixels, combined to objects."""

PHOTOZ = config["photoz"]
# names of all methods, also of those that the configuration does not choose
ANY_METHOD = "knn|mdn|mlp|tpz|som|boosting|ensemble"


def photoz_products(file):
    """Return an input function for a product of each method; without fields it gives nothing."""
    return lambda wildcards: [
        f"{RESULTS}/photoz/{method}/{file}"
        for method in METHODS
        if not OWN and delivered_fields(wildcards)
    ]


def table_products(file):
    """Return a product of each method on each table of objects."""
    methods = PHOTOZ["methods"]
    return [f"{RESULTS}/tables/{table}/{method}/{file}" for table in TABLES for method in methods]


def table_files(wildcards):
    """Return the catalogues of a table: for training, and for prediction if there is one."""
    return [path for path in TABLES[wildcards.table][:2] if path]


def settings_of_method(wildcards):
    """Return the settings of a learner."""
    return run_settings.learner_settings(config, wildcards.method)


rule photoz_method:
    input:
        PHOTOZ["model"] or [],
        catalogue=f"{RESULTS}/catalogue/objects.csv",
        pixel_tables=pixel_tables,
        apertures=aperture_tables if PHOTOZ["object_fluxes"] == "gaap" else [],
    output:
        f"{RESULTS}/photoz/{{method}}/objects.ecsv",
        objects=shown_in_report(
            f"{RESULTS}/photoz/{{method}}/objects.csv", "redshifts", "Redshifts"
        ),
        pixels=f"{RESULTS}/photoz/{{method}}/pixels.dat",
        metrics=shown_in_report(f"{RESULTS}/photoz/{{method}}/metrics.json", "metrics", "Redshifts"),
        pdfs=f"{RESULTS}/photoz/{{method}}/pdfs.parquet",
        model=f"{RESULTS}/photoz/{{method}}/model.npz",
    log:
        f"{RESULTS}/logs/photoz/{{method}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/photoz/{{method}}.tsv"
    wildcard_constraints:
        method=ANY_METHOD,
    conda:
        "../../envs/python.yaml"
    threads: 2
    resources:
        mem_mb=memory(1200, times_input=3),
        runtime=minutes(60),
        gpu=cards(),
    params:
        code=code_of("photoz_method"),
        method=lambda wildcards: wildcards.method,
        bands=BANDS,
        attributes=PHOTOZ["attributes"],
        settings=settings_of_method,
        test_fraction=PHOTOZ["test_fraction"],
        split_by=PHOTOZ["split_by"],
        pixels_per_object=PHOTOZ["pixels_per_object"],
        tune=PHOTOZ["tune"],
        grid=PHOTOZ["grid"],
        combiner=PHOTOZ["combiner"],
        combiner_pdfs=PHOTOZ["combiner_pdfs"],
        trained_model=PHOTOZ["model"],
        seed=config["seed"],
    message:
        "photometric redshifts: {wildcards.method}"
    script:
        "../../scripts/photoz_method.py"


rule photoz_table:
    input:
        lambda wildcards: TABLES[wildcards.table].model or [],
        tables=table_files,
    output:
        f"{RESULTS}/tables/{{table}}/{{method}}/objects.ecsv",
        objects=shown_in_report(
            f"{RESULTS}/tables/{{table}}/{{method}}/objects.csv", "redshifts", "Redshifts"
        ),
        pixels=f"{RESULTS}/tables/{{table}}/{{method}}/pixels.dat",
        metrics=shown_in_report(
            f"{RESULTS}/tables/{{table}}/{{method}}/metrics.json", "metrics", "Redshifts"
        ),
        pdfs=f"{RESULTS}/tables/{{table}}/{{method}}/pdfs.parquet",
        model=f"{RESULTS}/tables/{{table}}/{{method}}/model.npz",
    log:
        f"{RESULTS}/logs/tables/{{table}}-{{method}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/tables/{{table}}-{{method}}.tsv"
    wildcard_constraints:
        method=ANY_METHOD,
        table=any_of(TABLES),
    conda:
        "../../envs/python.yaml"
    threads: 2
    resources:
        mem_mb=memory(1200, times_input=12),
        runtime=minutes(60),
        gpu=cards(),
    params:
        code=code_of("photoz_table"),
        method=lambda wildcards: wildcards.method,
        attributes=PHOTOZ["table_attributes"],
        magnitudes=lambda wildcards: TABLES[wildcards.table].magnitudes,
        names=lambda wildcards: TABLES[wildcards.table].names,
        tune=PHOTOZ["tune"],
        settings=settings_of_method,
        test_fraction=PHOTOZ["test_fraction"],
        grid=PHOTOZ["grid"],
        trained_model=lambda wildcards: TABLES[wildcards.table].model or None,
        seed=config["seed"],
    message:
        "photometric redshifts of a table: {wildcards.table}, {wildcards.method}"
    script:
        "../../scripts/photoz_table.py"


rule qp_method:
    input:
        pdfs=rules.photoz_method.output.pdfs,
    output:
        qp=f"{RESULTS}/photoz/{{method}}/pdfs.hdf5",
    log:
        f"{RESULTS}/logs/photoz/{{method}}.qp.log",
    benchmark:
        f"{RESULTS}/benchmarks/photoz/{{method}}.qp.tsv"
    wildcard_constraints:
        method=ANY_METHOD,
    conda:
        "../../envs/python.yaml"
    threads: 1
    resources:
        mem_mb=memory(700),
        runtime=minutes(30),
    params:
        code=code_of("qp_method"),
    message:
        "PDFs for qp: {wildcards.method}"
    script:
        "../../scripts/qp_method.py"


rule qp_table:
    input:
        pdfs=rules.photoz_table.output.pdfs,
    output:
        qp=f"{RESULTS}/tables/{{table}}/{{method}}/pdfs.hdf5",
    log:
        f"{RESULTS}/logs/tables/{{table}}-{{method}}.qp.log",
    benchmark:
        f"{RESULTS}/benchmarks/tables/{{table}}-{{method}}.qp.tsv"
    wildcard_constraints:
        method=ANY_METHOD,
        table=any_of(TABLES),
    conda:
        "../../envs/python.yaml"
    threads: 1
    resources:
        mem_mb=memory(700),
        runtime=minutes(30),
    params:
        code=code_of("qp_table"),
    message:
        "PDFs for qp: {wildcards.table}, {wildcards.method}"
    script:
        "../../scripts/qp_table.py"
