"""Coaddition: exposures of one sky become one image."""


rule coaddition:
    input:
        unpack(exposures_of_stack),
        config=resource("sextractor/sources.sex"),
        parameters=resource("sextractor/stars.param"),
        filter=resource("sextractor/sources.conv"),
        psfex=resource("psfex/stars.psfex"),
    output:
        coadd=f"{RESULTS}/coadds/{{stack}}/{{band}}.fits",
    log:
        f"{RESULTS}/logs/coaddition/{{stack}},{{band}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/coaddition/{{stack}},{{band}}.tsv"
    wildcard_constraints:
        stack="[A-Za-z0-9][A-Za-z0-9_.-]*",
        band="[A-Za-z0-9][A-Za-z0-9_-]*",
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        mem_mb=memory(800, times_input=15),
        runtime=minutes(30),
        gpu=cards(),
    params:
        code=code_of("coaddition"),
        method=config["coaddition"]["method"],
        images=lambda wildcards: STACKS.get((wildcards.stack, wildcards.band)),
        camera=config["exposures"],
        arrays=config["arrays"],
        registration=config["subtraction"]["registration"],
        background_mesh=config["subtraction"]["background_mesh"],
    message:
        "{wildcards.stack}, {wildcards.band}: coadding"
    script:
        "../../scripts/coaddition.py"
