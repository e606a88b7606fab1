"""Pixel vectors: a row for every pixel of every object."""


rule pixels:
    input:
        images=per_band("registered"),
        catalogues=per_band("sources", ".cat.fits"),
        maps=per_band("sources", ".seg.fits"),
        objects=f"{RESULTS}/catalogue/objects.csv",
    output:
        pixels=f"{RESULTS}/pixels/{{field}}.parquet",
        counts=f"{RESULTS}/pixels/{{field}}.counts.csv",
    log:
        f"{RESULTS}/logs/pixels/{{field}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/pixels/{{field}}.tsv"
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=memory(200, times_input=2),
        runtime=minutes(10),
    params:
        code=code_of("pixels"),
        bands=BANDS,
        reference_band=REFERENCE,
        detection=config["sources"]["detection"],
        reject=config["pixels"]["reject"],
    message:
        "{wildcards.field}: pixel vectors"
    script:
        "../../scripts/pixels.py"
