"""Error maps: the noise that photons, dark current and readout leave in each pixel."""


rule errors:
    input:
        frames=per_band("frames"),
        library=library("errors", "frames", "masks", "exceptions"),
        scripts=shared_scripts("files", "job", "provenance"),
    output:
        kept(per_band("errors")),
    log:
        f"{RESULTS}/logs/errors/{{field}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/errors/{{field}}.tsv"
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=memory(300, times_input=3),
        runtime=minutes(10),
    params:
        bands=BANDS,
    message:
        "{wildcards.field}: error maps"
    script:
        "../../scripts/errors.py"
