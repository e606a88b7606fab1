"""Raw CCD images to stars: calibration, photometry of each image, light curves of each field."""

import functools

from redpix.config.image_plan import ImagePlan
from redpix.config.images_table import SURVEYS, read_images

LIGHT_CURVES = config["photometry"]["mode"] == "full"
SURVEY = config["photometry"]["catalogue"]
# keys that light curves alone read: a change of them measures no image again
LATER = {"targets", "detrend", "site_altitude", "telescope_diameter"}
MEASURING = {key: value for key, value in config["photometry"].items() if key not in LATER}
TARGETS = {name: [ra, dec] for name, ra, dec in config["photometry"]["targets"]}

with refusals(""):
    IMAGES = ImagePlan(INPUT.images, RESULTS, LIGHT_CURVES, SURVEY)


# names of a night's images hold no dots
IMAGE_NAMES = any_of(IMAGES.images)
if NIGHT_FILES:
    IMAGE_NAMES = r"(?!(?:lightcurves|scatter)\.)[A-Za-z0-9][A-Za-z0-9_-]*"


@functools.cache
def images_of_night(path):
    """Return the plan of the images of a night, from the table that the night's rule wrote."""
    schema = run_settings.read_schema(ROOT / "workflow/schemas/images.schema.yaml")
    rows = read_images(path, schema, BANDS, lambda name: True)
    return ImagePlan(rows, RESULTS, LIGHT_CURVES, SURVEY)


def images():
    """Return the plan of the images; that of a night is known when its files are sorted."""
    if not NIGHT_FILES:
        return IMAGES
    return images_of_night(str(checkpoints.night.get().output.images))


def files_of_image(wildcards):
    """Return the files that an image is calibrated from."""
    return images().files_of(wildcards.image)


def image_row(wildcards):
    """Return the row of an image in its table."""
    return images().row(wildcards.image)


def row_to_calibrate(wildcards):
    """Return the columns of an image's row that its calibration reads."""
    return images().calibration_row(wildcards.image)


def catalogue_of_image(wildcards):
    """Return the catalogue of an image; mode simple needs none."""
    full = config["photometry"]["mode"] == "full"
    return full and images().catalogue_of(wildcards.image) or []


def image_products(suffix):
    """Return an input function for a product of every image."""
    return lambda wildcards: images().products(suffix)


def light_curves(wildcards):
    """Return the light curves and their scatter, if a field has several images."""
    return images().light_curves()


def target_curves(wildcards):
    """Return the tables of the targets that the user names, if a field has several images."""
    targets = TARGETS if images().light_curves() else []
    return [f"{RESULTS}/photometry/light_curves/{target}.csv" for target in targets]


def of_exposures(suffix):
    """Return an input function for a product of every image that gets a light curve."""
    return lambda wildcards: [
        f"{RESULTS}/photometry/{image}{suffix}" for image in images().exposures
    ]


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
        image=IMAGE_NAMES,
    conda:
        IMAGES_ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(400, times_input=30),
        runtime=minutes(10),
    params:
        code=code_of("calibration"),
        row=row_to_calibrate,
        others=lambda wildcards: len(images().images) > 1,
        settings=run_settings.calibration_settings(config),
    message:
        "{wildcards.image}: dark, flat, background"
    script:
        "../../scripts/calibration.py"


rule star_catalogue:
    input:
        images=lambda wildcards: [
            f"{RESULTS}/photometry/{image}.calibrated.fits"
            for image in images().images_with(wildcards.field, wildcards.survey)
        ],
    output:
        stars=f"{RESULTS}/photometry/catalogues/{{survey}}/{{field}}.ecsv",
    log:
        f"{RESULTS}/logs/photometry/catalogues/{{survey}}/{{field}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/star_catalogue/{{survey}}/{{field}}.tsv"
    wildcard_constraints:
        field="[A-Za-z0-9][A-Za-z0-9_.-]*",
        survey=any_of(SURVEYS),
    conda:
        "../../envs/python.yaml"
    threads: 1
    resources:
        mem_mb=memory(700),
        runtime=minutes(20),
        downloads=1,
    params:
        code=code_of("star_catalogue"),
        survey=lambda wildcards: wildcards.survey,
    message:
        "{wildcards.field}: stars of {wildcards.survey}"
    script:
        "../../scripts/star_catalogue.py"


rule photometry_of_image:
    input:
        image=rules.calibration.output.calibrated,
        catalogue=catalogue_of_image,
    output:
        f"{RESULTS}/photometry/{{image}}.ecsv",
        stars=shown_in_report(f"{RESULTS}/photometry/{{image}}.csv", "stars", "Stars"),
        rejected=f"{RESULTS}/photometry/{{image}}.rejected.csv",
        residual=f"{RESULTS}/photometry/{{image}}.residual.fits",
    log:
        f"{RESULTS}/logs/photometry/{{image}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/photometry/{{image}}.tsv"
    wildcard_constraints:
        image=IMAGE_NAMES,
    conda:
        IMAGES_ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(700, times_input=20),
        runtime=minutes(20),
    params:
        code=code_of("photometry_of_image"),
        row=image_row,
        others=lambda wildcards: len(images().images) > 1,
        settings=MEASURING,
    message:
        "{wildcards.image}: measuring stars"
    script:
        "../../scripts/photometry_of_image.py"


rule light_curves:
    input:
        calibrated=of_exposures(".calibrated.fits"),
        stars=of_exposures(".csv"),
        residuals=of_exposures(".residual.fits"),
    output:
        f"{RESULTS}/photometry/lightcurves.ecsv",
        f"{RESULTS}/photometry/scatter.ecsv",
        curves=shown_in_report(f"{RESULTS}/photometry/lightcurves.csv", "light_curves", "Stars"),
        scatter=shown_in_report(f"{RESULTS}/photometry/scatter.csv", "scatter", "Stars"),
        exposures=f"{RESULTS}/photometry/light_curves/exposures.csv",
    log:
        f"{RESULTS}/logs/photometry/light_curves.log",
    benchmark:
        f"{RESULTS}/benchmarks/light_curves/all.tsv"
    conda:
        IMAGES_ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1500),
        runtime=minutes(30),
    params:
        code=code_of("light_curves"),
        images=lambda wildcards: images().exposures,
        fields=lambda wildcards: images().fields,
        settings={
            key: config["photometry"][key]
            for key in ("telescope_diameter", "site_altitude", "detrend")
        },
    message:
        "light curves"
    script:
        "../../scripts/light_curves.py"


rule target_curve:
    input:
        curves=rules.light_curves.output.curves,
        scatter=rules.light_curves.output.scatter,
    output:
        table=shown_in_report(
            f"{RESULTS}/photometry/light_curves/{{target}}.csv", "target", "Stars"
        ),
        plot=shown_in_report(f"{RESULTS}/photometry/light_curves/{{target}}.png", "target", "Stars"),
    log:
        f"{RESULTS}/logs/photometry/light_curves/{{target}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/target_curve/{{target}}.tsv"
    wildcard_constraints:
        target=any_of(TARGETS),
    conda:
        "../../envs/python.yaml"
    threads: 1
    resources:
        mem_mb=memory(700),
        runtime=minutes(10),
    params:
        code=code_of("target_curve"),
        target=lambda wildcards: wildcards.target,
        position=lambda wildcards: TARGETS[wildcards.target],
    message:
        "{wildcards.target}: light curve"
    script:
        "../../scripts/target_curve.py"
