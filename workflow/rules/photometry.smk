"""Raw CCD images to stars: calibration, photometry of each image, light curves of each field."""


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
        image=any_of(IMAGES),
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        mem_mb=memory(400, times_input=30),
        runtime=minutes(10),
    params:
        code=code_of("calibration"),
        row=lambda wildcards: image_row(wildcards.image),
        settings=calibration_settings(),
    message:
        "{wildcards.image}: dark, flat, background"
    script:
        "../../scripts/calibration.py"


rule photometry_of_image:
    input:
        image=rules.calibration.output.calibrated,
        catalogue=lambda wildcards: IMAGES[wildcards.image].catalogue or [],
    output:
        stars=f"{RESULTS}/photometry/{{image}}.csv",
        rejected=f"{RESULTS}/photometry/{{image}}.rejected.csv",
        residual=f"{RESULTS}/photometry/{{image}}.residual.fits",
    log:
        f"{RESULTS}/logs/photometry/{{image}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/photometry/{{image}}.tsv"
    wildcard_constraints:
        image=any_of(IMAGES),
    conda:
        "../../envs/images.yaml"
    threads: 1
    resources:
        mem_mb=memory(700, times_input=20),
        runtime=minutes(20),
    params:
        code=code_of("photometry_of_image"),
        row=lambda wildcards: image_row(wildcards.image),
        settings=config["photometry"],
    message:
        "{wildcards.image}: measuring stars"
    script:
        "../../scripts/photometry_of_image.py"


rule light_curves:
    input:
        calibrated=[f"{RESULTS}/photometry/{image}.calibrated.fits" for image in EXPOSURES],
        stars=[f"{RESULTS}/photometry/{image}.csv" for image in EXPOSURES],
        residuals=[f"{RESULTS}/photometry/{image}.residual.fits" for image in EXPOSURES],
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
        images=EXPOSURES,
        fields=FIELDS_OF_IMAGES,
        settings={key: config["photometry"][key] for key in ("telescope_diameter", "site_altitude")},
    message:
        "light curves"
    script:
        "../../scripts/light_curves.py"
