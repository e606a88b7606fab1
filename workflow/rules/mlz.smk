"""The vectors of photometric redshifts in the files of MLZ, for those who want to run it."""

#: endings of the files of MLZ: training set, test set, inputs
MLZ_FILES = ("train", "test", "inputs")


def mlz_products(wildcards):
    """Return the inputs of MLZ for the objects of the sky, if some can train, and of tables."""
    sky = [f"{RESULTS}/photoz/mlz/objects.inputs"]
    tables = [
        f"{RESULTS}/tables/{table}/mlz/objects.inputs" for table in TABLES if TABLES[table].train
    ]
    learnt = LEARNABLE and not OWN and delivered_fields(wildcards)
    return (sky if learnt else []) + tables


rule photoz_mlz:
    input:
        catalogue=f"{RESULTS}/catalogue/objects.csv",
        pixel_tables=pixel_tables,
    output:
        objects=[f"{RESULTS}/photoz/mlz/objects.{part}" for part in MLZ_FILES],
        pixels=[f"{RESULTS}/photoz/mlz/pixels.{part}" for part in MLZ_FILES],
    log:
        f"{RESULTS}/logs/photoz/mlz.log",
    benchmark:
        f"{RESULTS}/benchmarks/photoz/mlz.tsv"
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        code=code_of("photoz_mlz"),
        bands=BANDS,
        attributes=PHOTOZ["attributes"],
        test_fraction=PHOTOZ["test_fraction"],
        split_by=PHOTOZ["split_by"],
        pixels_per_object=PHOTOZ["pixels_per_object"],
        grid=PHOTOZ["grid"],
        tpz=PHOTOZ["tpz"],
        som=PHOTOZ["som"],
        seed=config["seed"],
    message:
        "the vectors of photometric redshifts in MLZ's files"
    script:
        "../../scripts/photoz_mlz.py"


rule photoz_table_mlz:
    input:
        tables=table_files,
    output:
        objects=[f"{RESULTS}/tables/{{table}}/mlz/objects.{part}" for part in MLZ_FILES],
    log:
        f"{RESULTS}/logs/tables/{{table}}-mlz.log",
    benchmark:
        f"{RESULTS}/benchmarks/tables/{{table}}-mlz.tsv"
    wildcard_constraints:
        table=any_of(TABLES),
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=memory(1000, times_input=12),
        runtime=minutes(10),
    params:
        code=code_of("photoz_table_mlz"),
        attributes=PHOTOZ["table_attributes"],
        magnitudes=lambda wildcards: TABLES[wildcards.table].magnitudes,
        names=lambda wildcards: TABLES[wildcards.table].names,
        test_fraction=PHOTOZ["test_fraction"],
        grid=PHOTOZ["grid"],
        tpz=PHOTOZ["tpz"],
        som=PHOTOZ["som"],
        seed=config["seed"],
    message:
        "the vectors of a table in MLZ's files: {wildcards.table}"
    script:
        "../../scripts/photoz_table_mlz.py"
