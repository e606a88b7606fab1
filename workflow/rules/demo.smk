"""The demo sky: its truth, and frames of it in an archive laid out like the survey's."""


def demo_paths(field, path):
    """Return the files of a field in the demo's archive, one per band, named by `path`."""
    place = parse_field(field)
    archive = f"{RESULTS}/demo/archive"
    return [f"{archive}/{path(config['release'], place, band)}" for band in BANDS]


def demo_files(field):
    """Return the frames and masks of a field of the demo sky."""
    return demo_paths(field, frame_path) + demo_paths(field, mask_path)


def demo_products(wildcards):
    """Return all simulated files; the second epoch holds no object of the catalogue."""
    return [path for field in demo.FIELDS for path in demo_files(field.name)] if WHOLE_DEMO else []


def demo_archive(wildcards):
    """Return the files of the demo's archive that a field comes from; other archives are remote."""
    return demo_files(wildcards.field) if config["source"] == "demo" else []


rule demo_sky:
    output:
        truth=f"{RESULTS}/demo/truth.csv",
    log:
        f"{RESULTS}/logs/demo/sky.log",
    benchmark:
        f"{RESULTS}/benchmarks/demo/sky.tsv"
    conda:
        "../../envs/python.yaml"
    threads: 1
    resources:
        mem_mb=memory(500),
        runtime=minutes(10),
    params:
        code=code_of("demo_sky"),
        galaxies=config["demo"]["galaxies"],
        stars=config["demo"]["stars"],
        transients=config["demo"]["transients"],
        seed=config["seed"],
    message:
        "demo: drawing galaxies, stars and transients"
    script:
        "../../scripts/demo_sky.py"


# one rule per field: the names of all files are known, and fields of other sources cannot match
for demo_field in demo.FIELDS:

    rule:
        name:
            f"demo_field_{demo_field.name.replace('-', '_')}"
        input:
            truth=rules.demo_sky.output.truth,
        output:
            frames=demo_paths(demo_field.name, frame_path),
            masks=demo_paths(demo_field.name, mask_path),
        log:
            f"{RESULTS}/logs/demo/{demo_field.name}.log",
        benchmark:
            f"{RESULTS}/benchmarks/demo/{demo_field.name}.tsv"
        conda:
            "../../envs/python.yaml"
        threads: 1
        resources:
            mem_mb=memory(800),
            runtime=minutes(10),
        params:
            code=code_of("demo_field"),
            field=demo_field.name,
            bands=BANDS,
            seed=config["seed"],
        message:
            f"{demo_field.name}: simulating frames"
        script:
            "../../scripts/demo_field.py"


rule demo_ccd:
    output:
        dark=f"{RESULTS}/demo/ccd/dark.fits",
        flat=f"{RESULTS}/demo/ccd/flat.fits",
        mask=f"{RESULTS}/demo/ccd/galaxy.reg",
        images=[f"{RESULTS}/demo/ccd/exposure_{number}.fits" for number in (1, 2, 3)],
        stars=[f"{RESULTS}/demo/ccd/exposure_{number}.stars.csv" for number in (1, 2, 3)],
    log:
        f"{RESULTS}/logs/demo/ccd.log",
    benchmark:
        f"{RESULTS}/benchmarks/demo/ccd.tsv"
    conda:
        "../../envs/python.yaml"
    threads: 1
    resources:
        mem_mb=memory(500),
        runtime=minutes(10),
    params:
        code=code_of("demo_ccd"),
        seed=config["seed"],
    message:
        "demo: a night at a small telescope"
    script:
        "../../scripts/demo_ccd.py"
