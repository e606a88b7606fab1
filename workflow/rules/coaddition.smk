"""Coaddition: exposures of one sky become one image."""


def exposures_of_stack(wildcards):
    """Return the files of the images of a stack, by the names image_1, image_2 ..."""
    return PLAN.files_of_stack(wildcards.stack, wildcards.band)


def images_of_stack(wildcards):
    """Return the images of a stack as its table names them."""
    return PLAN.stacks.get((wildcards.stack, wildcards.band))


def camera_of_images(wildcards):
    """Return what the user gives of the camera and the PSF of the images of a stack."""
    return camera_of_stack(PLAN.pairs, wildcards.stack, wildcards.band, config)


def all_coadds(wildcards):
    """Return every coadd whose exposures were all delivered."""
    return [PLAN.path_of_coadd(*stack) for stack in PLAN.delivered_stacks(not_delivered())]


def first_of_coadds(wildcards):
    """Return the first image of every coadd that is made."""
    stacks = PLAN.delivered_stacks(not_delivered())
    return [PLAN.files_of(images[0], band)[0] for (_, band), images in stacks.items()]


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
        IMAGES_ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(800, times_input=15),
        runtime=minutes(30),
        gpu=cards(),
    params:
        code=code_of("coaddition"),
        method=config["coaddition"]["method"],
        reject=config["coaddition"]["reject"],
        images=images_of_stack,
        camera=camera_of_images,
        arrays=config["arrays"],
        registration=config["subtraction"]["registration"],
        background_mesh=config["subtraction"]["background_mesh"],
    message:
        "{wildcards.stack}, {wildcards.band}: coadding"
    script:
        "../../scripts/coaddition.py"
