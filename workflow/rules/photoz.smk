"""Photometric redshifts and classes: learnt from pixels, combined to objects."""

PHOTOZ = config["photoz"]


rule photoz_method:
    input:
        PHOTOZ["model"] or [],
        catalogue=f"{RESULTS}/catalogue/objects.csv",
        pixel_tables=pixel_tables,
    output:
        objects=f"{RESULTS}/photoz/{{method}}/objects.csv",
        pixels=f"{RESULTS}/photoz/{{method}}/pixels.dat",
        metrics=f"{RESULTS}/photoz/{{method}}/metrics.json",
        pdfs=f"{RESULTS}/photoz/{{method}}/pdfs.parquet",
        model=f"{RESULTS}/photoz/{{method}}/model.npz",
    log:
        f"{RESULTS}/logs/photoz/{{method}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/photoz/{{method}}.tsv"
    wildcard_constraints:
        method="knn|mlp|tpz|som|boosting|ensemble",
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
        settings=lambda wildcards: learner_settings(wildcards.method),
        test_fraction=PHOTOZ["test_fraction"],
        split_by=PHOTOZ["split_by"],
        pixels_per_object=PHOTOZ["pixels_per_object"],
        tune=PHOTOZ["tune"],
        grid=PHOTOZ["grid"],
        combiner=PHOTOZ["combiner"],
        trained_model=PHOTOZ["model"],
        seed=config["seed"],
    message:
        "photometric redshifts: {wildcards.method}"
    script:
        "../../scripts/photoz_method.py"


rule photoz_table:
    input:
        tables=table_files,
    output:
        objects=f"{RESULTS}/tables/{{table}}/{{method}}/objects.csv",
        pixels=f"{RESULTS}/tables/{{table}}/{{method}}/pixels.dat",
        metrics=f"{RESULTS}/tables/{{table}}/{{method}}/metrics.json",
        pdfs=f"{RESULTS}/tables/{{table}}/{{method}}/pdfs.parquet",
        model=f"{RESULTS}/tables/{{table}}/{{method}}/model.npz",
    log:
        f"{RESULTS}/logs/tables/{{table}}-{{method}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/tables/{{table}}-{{method}}.tsv"
    wildcard_constraints:
        method="knn|mlp|tpz|som|boosting|ensemble",
        table=any_of(TABLES),
    conda:
        "../../envs/python.yaml"
    threads: 2
    resources:
        mem_mb=memory(1200, times_input=3),
        runtime=minutes(60),
        gpu=cards(),
    params:
        code=code_of("photoz_table"),
        method=lambda wildcards: wildcards.method,
        attributes=PHOTOZ["table_attributes"],
        magnitudes=lambda wildcards: TABLES[wildcards.table].magnitudes,
        tune=PHOTOZ["tune"],
        settings=lambda wildcards: learner_settings(wildcards.method),
        test_fraction=PHOTOZ["test_fraction"],
        grid=PHOTOZ["grid"],
        seed=config["seed"],
    message:
        "photometric redshifts of a table: {wildcards.table}, {wildcards.method}"
    script:
        "../../scripts/photoz_table.py"
