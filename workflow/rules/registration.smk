"""Registration of image, variance and mask to the reference band's north-up grid."""


rule registration:
    input:
        frames=per_band("frames"),
        errors=per_band("errors"),
        masks=f"{RESULTS}/frames/{{field}}.masks.fits",
    output:
        registered=kept(per_band("registered")),
    log:
        f"{RESULTS}/logs/registration/{{field}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/registration/{{field}}.tsv"
    conda:
        "../../envs/images.yaml"
    resources:
        mem_mb=memory(300, times_input=4),
        runtime=minutes(10),
    params:
        code=code_of("registration"),
        bands=BANDS,
        reference_band=REFERENCE,
        engine=config["registration"]["engine"],
        pixel_scale=config["registration"]["pixel_scale"],
    message:
        "{wildcards.field}: registration to the grid of the reference band"
    script:
        "../../scripts/registration.py"
