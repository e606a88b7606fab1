"""Training images: pairs of images of a galaxy, at one redshift and at another."""

from redpix.config.file_paths import training_tables as tables_of_training

TRAINING = config["training_images"]

# the settings on which training images of frames depend
FRAMES_KEYS = (
    "number",
    "z_in",
    "z_out",
    "size",
    "pixel_scale_out",
    "seeing",
    "targets",
    "cosmology",
    "filters",
)


def training_tables(wildcards):
    """Return the user's tables that training images are made from."""
    return [path for _, path in tables_of_training(TRAINING)]


def tables_for_frames(wildcards):
    """Return the user's tables that training images of frames are made from."""
    tables = tables_of_training(TRAINING)
    return [path for key, path in tables if key in ("cosmology", "filters")]


def training_products(wildcards):
    """Return the training images, if the user set their key or the demo shows them."""
    shown = WHOLE_DEMO and "training_images" in config["demo"]["shows"]
    if not (shown or "training_images" in GIVEN):
        return []
    names = ("inputs.npy", "targets.npy", "truth.csv", "settings.json")
    return [f"{RESULTS}/training_images/{name}" for name in names]


def network_products(wildcards):
    """Return the products of the network, if the user set its key."""
    names = ("metrics.json", "predictions.npy", "plain.npy", "held_out.csv")
    return [f"{RESULTS}/network/{name}" for name in names if "network" in GIVEN]


if TRAINING["origin"] == "simulated":

    rule training_images:
        input:
            training_tables,
        output:
            inputs=f"{RESULTS}/training_images/inputs.npy",
            targets=f"{RESULTS}/training_images/targets.npy",
            z_in=f"{RESULTS}/training_images/z_in.npy",
            z_out=f"{RESULTS}/training_images/z_out.npy",
            truth=shown_in_report(
                f"{RESULTS}/training_images/truth.csv", "training", "Training images"
            ),
            settings=f"{RESULTS}/training_images/settings.json",
        log:
            f"{RESULTS}/logs/training_images/training_images.log",
        benchmark:
            f"{RESULTS}/benchmarks/training_images/training_images.tsv"
        conda:
            "../../envs/python.yaml"
        threads: 2
        resources:
            mem_mb=memory(1000),
            runtime=minutes(60),
        params:
            code=code_of("training_images"),
            options=TRAINING,
            seed=config["seed"],
        message:
            "training images"
        script:
            "../../scripts/training_images.py"

else:

    rule training_images:
        input:
            tables_for_frames,
            objects=f"{RESULTS}/catalogue/objects.csv",
            registered=lambda wildcards: [
                f"{image_home(field)}/registered/{field}-{band}.fits"
                for field in delivered_fields(wildcards)
                for band in BANDS
            ],
            segments=lambda wildcards: [
                f"{image_home(field)}/sources/{field}-{REFERENCE}.seg.fits"
                for field in delivered_fields(wildcards)
            ],
            psfs=lambda wildcards: [
                f"{RESULTS}/injection/psf/{field}.fits" for field in delivered_fields(wildcards)
            ],
        output:
            inputs=f"{RESULTS}/training_images/inputs.npy",
            input_errors=f"{RESULTS}/training_images/input_errors.npy",
            targets=f"{RESULTS}/training_images/targets.npy",
            target_errors=f"{RESULTS}/training_images/target_errors.npy",
            z_in=f"{RESULTS}/training_images/z_in.npy",
            z_out=f"{RESULTS}/training_images/z_out.npy",
            truth=shown_in_report(
                f"{RESULTS}/training_images/truth.csv", "training", "Training images"
            ),
            settings=f"{RESULTS}/training_images/settings.json",
        log:
            f"{RESULTS}/logs/training_images/training_images.log",
        benchmark:
            f"{RESULTS}/benchmarks/training_images/training_images.tsv"
        conda:
            "../../envs/python.yaml"
        threads: 1
        resources:
            mem_mb=memory(1500),
            runtime=minutes(60),
        params:
            code=code_of("training_images_of_frames"),
            options={key: TRAINING[key] for key in FRAMES_KEYS},
            bands=BANDS,
            reference_band=REFERENCE,
            fields=lambda wildcards: delivered_fields(wildcards),
            given_wavelengths=None if FRAMES is None else FRAMES.wavelengths,
            seed=config["seed"],
        message:
            "galaxies of the frames at another redshift"
        script:
            "../../scripts/training_images_of_frames.py"


rule network:
    input:
        training_tables,
        inputs=f"{RESULTS}/training_images/inputs.npy",
        targets=f"{RESULTS}/training_images/targets.npy",
        truth=f"{RESULTS}/training_images/truth.csv",
        settings=f"{RESULTS}/training_images/settings.json",
    output:
        predictions=f"{RESULTS}/network/predictions.npy",
        plain=f"{RESULTS}/network/plain.npy",
        held_out_truth=f"{RESULTS}/network/held_out.csv",
        weights=f"{RESULTS}/network/weights.npz",
        metrics=shown_in_report(f"{RESULTS}/network/metrics.json", "network", "Training images"),
    log:
        f"{RESULTS}/logs/network/network.log",
    benchmark:
        f"{RESULTS}/benchmarks/network/network.tsv"
    conda:
        "../../envs/python.yaml"
    threads: 2
    resources:
        mem_mb=memory(2000, times_input=8),
        runtime=minutes(120),
    params:
        code=code_of("network"),
        held_out=config["network"]["held_out"],
        epochs=config["network"]["epochs"],
        seed=config["seed"],
    message:
        "a network that redshifts galaxies"
    script:
        "../../scripts/network.py"
