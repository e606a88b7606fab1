"""Error maps: 1-sigma noise of each pixel from photons, dark current and readout."""

# a table of images has its error maps with the images
if FRAMES is None:

    rule errors:
        input:
            frames=per_band("frames"),
        output:
            errors=kept(per_band("errors")),
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
            code=code_of("errors"),
            bands=BANDS,
        message:
            "{wildcards.field}: error maps"
        script:
            "../../scripts/errors.py"
