"""Raw CCD images to stars: calibration, photometry of each image, light curves of each field."""

from redpix.config.image_plan import ImagePlan
from redpix.config.images_table import read_images


def images_of_table(path, schema, bands, of_demo):
    """Return the rows of a table of images; the images of the demo's table are simulated."""
    exists = (lambda name: True) if of_demo else os.path.isfile
    rows = read_images(path, schema, bands, exists)
    return [row.within(RESULTS) for row in rows] if of_demo else rows


with refusals(""):
    IMAGES = ImagePlan(
        rows_of("images", images_of_table),
        RESULTS,
        light_curves=config["photometry"]["mode"] == "full",
    )


def files_of_image(wildcards):
    """Return the files that an image is calibrated from."""
    return IMAGES.files_of(wildcards.image)


def image_row(wildcards):
    """Return the row of an image in its table."""
    return IMAGES.row(wildcards.image)


rule calibration:
    input:
        unpack(files_of_image),
    output:
        calibrated=f"{RESULTS}/photometry/{{image}}.calibrated.fits",
    log:
        f"{RESULTS}/logs/photometry/{{image}}.calibration.log",
    benchmark:
        f"{RESULTS}/benchmarks/calibration/{{image}}.tsv"
    wildcard_constraints:
        image=any_of(IMAGES.images),
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        mem_mb=memory(400, times_input=30),
        runtime=minutes(10),
    params:
        code=code_of("calibration"),
        row=image_row,
        settings=run_settings.calibration_settings(config),
    message:
        "{wildcards.image}: dark, flat, background"
    script:
        "../../scripts/calibration.py"


rule photometry_of_image:
    input:
        image=rules.calibration.output.calibrated,
        catalogue=lambda wildcards: IMAGES.images[wildcards.image].catalogue or [],
    output:
        stars=f"{RESULTS}/photometry/{{image}}.csv",
        rejected=f"{RESULTS}/photometry/{{image}}.rejected.csv",
        residual=f"{RESULTS}/photometry/{{image}}.residual.fits",
    log:
        f"{RESULTS}/logs/photometry/{{image}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/photometry/{{image}}.tsv"
    wildcard_constraints:
        image=any_of(IMAGES.images),
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        mem_mb=memory(700, times_input=20),
        runtime=minutes(20),
    params:
        code=code_of("photometry_of_image"),
        row=image_row,
        settings=config["photometry"],
    message:
        "{wildcards.image}: measuring stars"
    script:
        "../../scripts/photometry_of_image.py"


rule light_curves:
    input:
        calibrated=[f"{RESULTS}/photometry/{image}.calibrated.fits" for image in IMAGES.exposures],
        stars=[f"{RESULTS}/photometry/{image}.csv" for image in IMAGES.exposures],
        residuals=[f"{RESULTS}/photometry/{image}.residual.fits" for image in IMAGES.exposures],
    output:
        curves=f"{RESULTS}/photometry/lightcurves.csv",
        scatter=f"{RESULTS}/photometry/scatter.csv",
    log:
        f"{RESULTS}/logs/photometry/light_curves.log",
    benchmark:
        f"{RESULTS}/benchmarks/light_curves/all.tsv"
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        mem_mb=memory(1500),
        runtime=minutes(30),
    params:
        code=code_of("light_curves"),
        images=IMAGES.exposures,
        fields=IMAGES.fields,
        settings={key: config["photometry"][key] for key in ("telescope_diameter", "site_altitude")},
    message:
        "light curves"
    script:
        "../../scripts/light_curves.py"
