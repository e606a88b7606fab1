"""The demo sky: its truth, and frames of it in an archive laid out like the survey's."""

from redpix.frames import frame_path, mask_path, parse_field


def demo_paths(field, path):
    """Files of a field in the demo's archive, one a band; `path` names them within it."""
    place = parse_field(field)
    archive = f"{RESULTS}/demo/archive"
    return [f"{archive}/{path(config['release'], place, band)}" for band in BANDS]


def demo_files(field):
    """Frames and masks of a field of the demo sky."""
    names = [known.name for known in demo.FIELDS]
    if field not in names:
        raise InputError(f"fields: {field} is no field of the demo sky: {', '.join(names)}")
    return demo_paths(field, frame_path) + demo_paths(field, mask_path)


def demo_products(wildcards):
    """What the demo simulates, the second epoch included, which holds no catalogued object."""
    if config["source"] != "demo" or config["fields"] is not None:
        return []
    return [path for field in demo.FIELDS for path in demo_files(field.name)]


rule demo_sky:
    input:
        library=library(
            *("demo", "demo_camera", "demo_population", "demo_truth"),
            *("errors", "exceptions", "photometry", "rendering", "seds"),
        ),
        scripts=shared_scripts("files", "job"),
    output:
        f"{RESULTS}/demo/truth.csv",
    log:
        f"{RESULTS}/logs/demo/sky.log",
    benchmark:
        f"{RESULTS}/benchmarks/demo/sky.tsv"
    threads: 1
    resources:
        mem_mb=500,
    params:
        **config["demo"],
        seed=config["seed"],
    message:
        "demo: drawing galaxies, stars and transients"
    script:
        "../../scripts/demo_sky.py"


# a rule a field: its files' names are all known, and no field of another source can match
for demo_field in demo.FIELDS:

    rule:
        name:
            f"demo_field_{demo_field.name.replace('-', '_')}"
        input:
            truth=rules.demo_sky.output[0],
            library=library(
                *("demo", "demo_camera", "demo_format", "demo_scene"),
                *("errors", "exceptions", "rendering"),
            ),
            scripts=shared_scripts("files", "job"),
        output:
            frames=demo_paths(demo_field.name, frame_path),
            masks=demo_paths(demo_field.name, mask_path),
        log:
            f"{RESULTS}/logs/demo/{demo_field.name}.log",
        benchmark:
            f"{RESULTS}/benchmarks/demo/{demo_field.name}.tsv"
        threads: 1
        resources:
            mem_mb=800,
        params:
            field=demo_field.name,
            bands=BANDS,
            seed=config["seed"],
        message:
            f"{demo_field.name}: simulating frames"
        script:
            "../../scripts/demo_field.py"
