"""The object catalogue, and the distinct frames that hold its objects."""

from redpix.core.run_summary import read_rows

ORIGIN = config["catalogue"]["from"]
FROM_SKYSERVER = ORIGIN == "skyserver"


def catalogue_source(wildcards):
    """Return the files that the catalogue is made from."""
    if ORIGIN == "demo":
        return f"{RESULTS}/demo/truth.csv"
    if ORIGIN == "skyserver":
        return resource("sql/objects.sql")
    if ORIGIN == "detections":
        fields = delivered_fields(wildcards)
        return [f"{home(field)}/sources/{field}.detections.csv" for field in fields]
    return ORIGIN


def asked_fields(wildcards):
    """Return the names of the configured fields, or else of all fields that hold an object.

    A table of images lists its fields.
    """
    if FRAMES is not None:
        return config["fields"] or list(FRAMES.fields)
    if config["fields"] is not None:
        shard = "" if config["shard"] is None else f"{config['shard']}-"
        return [field for field in config["fields"] if field.startswith(shard)]
    with refusals(""):
        rows = read_rows(checkpoints.catalogue.get().output.frames, ("run", "camcol", "field"))
    return [f"{row['run']}-{row['camcol']}-{row['field']}" for row in rows]


def given_statuses(wildcards):
    """Return the status of each field of a table of images."""
    fields = asked_fields(wildcards) if FRAMES is not None else []
    return [f"{RESULTS}/frames/{field}.json" for field in fields]


checkpoint catalogue:
    input:
        source=catalogue_source,
        statuses=given_statuses,
        schema=own_file("workflow/schemas/objects.schema.yaml"),
        sfd_maps=sfd_files(config["catalogue"]["sfd_maps"]),
    output:
        f"{RESULTS}/catalogue/objects.ecsv",
        objects=f"{RESULTS}/catalogue/objects.csv",
        frames=f"{RESULTS}/catalogue/frames.csv",
        rejected=shown_in_report(f"{RESULTS}/catalogue/rejected.csv", "rejected", "Losses"),
    log:
        f"{RESULTS}/logs/catalogue/catalogue.log",
    benchmark:
        f"{RESULTS}/benchmarks/catalogue/catalogue.tsv"
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=memory(1200, times_input=18),
        runtime=minutes(30),
    params:
        code=code_of("catalogue"),
        origin=ORIGIN,
        fields=config["fields"] if FRAMES is None else list(FRAMES.fields),
        bands=None if FRAMES is None else BANDS,
        shard=config["shard"],
        duplicate_radius=config["catalogue"]["duplicate_radius"],
        # null where another origin does not look at them: no reason then to run again
        area=config["catalogue"]["area"] if FROM_SKYSERVER else None,
        limit=config["catalogue"]["limit"] if FROM_SKYSERVER else None,
        release=config["release"] if FROM_SKYSERVER else None,
        reference_band=REFERENCE if ORIGIN == "detections" else None,
    message:
        "catalogue of objects"
    script:
        "../../scripts/catalogue.py"
