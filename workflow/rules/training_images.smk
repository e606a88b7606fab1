"""Training images: pairs of simulated galaxies, at one redshift and at another."""

TRAINING = config["training_images"]


rule training_images:
    input:
        training_tables,
        library=library(
            *(
                "demo",
                "demo_camera",
                "demo_population",
                "errors",
                "exceptions",
                "injection_sources",
            ),
            *("photometry", "redshifting", "rendering", "seds", "stamps", "tables", "psf"),
            "training_images",
        ),
        scripts=shared_scripts("files", "injection_files", "job", "provenance", "training_files"),
    output:
        inputs=f"{RESULTS}/training_images/inputs.npy",
        targets=f"{RESULTS}/training_images/targets.npy",
        z_in=f"{RESULTS}/training_images/z_in.npy",
        z_out=f"{RESULTS}/training_images/z_out.npy",
        truth=f"{RESULTS}/training_images/truth.csv",
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
        **TRAINING,
        seed=config["seed"],
    message:
        "training images"
    script:
        "../../scripts/training_images.py"
