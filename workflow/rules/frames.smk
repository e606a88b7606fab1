"""Frames, survey masks and PSFs: fetched from the archive into results/<name>/frames."""

SOURCE = config["source"]
if SOURCE == "demo":
    SOURCE = f"{RESULTS}/demo/archive"


def given_rows(wildcards):
    """Return the rows of a field of a table of images, by band."""
    rows = FRAMES.fields[wildcards.field]
    return {band: list(rows[band]) for band in BANDS if band in rows}


def given_files(field):
    """Return the files of a field of a table of images that exist."""
    rows = FRAMES.fields[field].values()
    paths = [image_file(path) for row in rows if row.band in BANDS for path in row.files()]
    return [path for path in dict.fromkeys(map(str, paths)) if Path(path).is_file()]


if FRAMES is None:

    rule fetch:
        input:
            demo_archive,
        output:
            status=f"{RESULTS}/frames/{{field}}.json",
            masks=f"{RESULTS}/frames/{{field}}.masks.fits",
        log:
            f"{RESULTS}/logs/frames/{{field}}.log",
        benchmark:
            f"{RESULTS}/benchmarks/frames/{{field}}.tsv"
        conda:
            "../../envs/python.yaml"
        resources:
            downloads=1,
            # these change no result: as parameters they would cause a rerun
            download_retries=config["download"]["retries"],
            download_timeout=config["download"]["timeout"],
            mem_mb=memory(600),
            runtime=minutes(30),
        params:
            code=code_of("fetch"),
            source=SOURCE,
            release=config["release"],
            bands=BANDS,
            with_masks=config["download"]["masks"],
            folder=f"{RESULTS}/frames/fetched/{{field}}",
        message:
            "{wildcards.field}: fetching frames"
        script:
            "../../scripts/fetch.py"

    # a field that was not delivered has no frames: if it is requested by name, this job fails with the
    # reason
    rule frames:
        input:
            demo_archive,
            status=f"{RESULTS}/frames/{{field}}.json",
        output:
            frames=kept(per_band("frames")),
        log:
            f"{RESULTS}/logs/frames/{{field}}.names.log",
        benchmark:
            f"{RESULTS}/benchmarks/frames/{{field}}.names.tsv"
        localrule: True
        conda:
            "../../envs/python.yaml"
        resources:
            download_retries=config["download"]["retries"],
            download_timeout=config["download"]["timeout"],
        params:
            code=code_of("frames"),
            source=SOURCE,
            release=config["release"],
            bands=BANDS,
            folder=f"{RESULTS}/frames/fetched/{{field}}",
            # true: a link, so that the fetched file stays for the next run; false: the file is moved
            keep=config["keep_images"],
        message:
            "{wildcards.field}: frames under their names"
        script:
            "../../scripts/frames.py"

else:

    rule given_field:
        input:
            # images that exist: a missing one leaves out its field
            lambda wildcards: given_files(wildcards.field),
        output:
            status=f"{RESULTS}/frames/{{field}}.json",
            masks=f"{RESULTS}/frames/{{field}}.masks.fits",
        log:
            f"{RESULTS}/logs/frames/{{field}}.log",
        benchmark:
            f"{RESULTS}/benchmarks/frames/{{field}}.tsv"
        conda:
            "../../envs/python.yaml"
        resources:
            mem_mb=memory(600, times_input=2),
            runtime=minutes(30),
        params:
            code=code_of("given_field"),
            rows=given_rows,
            fault=lambda wildcards: FRAMES.faults.get(wildcards.field),
            bands=BANDS,
            reference_band=REFERENCE,
            folder=f"{RESULTS}/frames/fetched/{{field}}",
        message:
            "{wildcards.field}: reading images"
        script:
            "../../scripts/given_field.py"

    rule given_frames:
        input:
            status=f"{RESULTS}/frames/{{field}}.json",
        output:
            frames=kept(per_band("frames")),
            errors=kept(per_band("errors")),
        log:
            f"{RESULTS}/logs/frames/{{field}}.names.log",
        benchmark:
            f"{RESULTS}/benchmarks/frames/{{field}}.names.tsv"
        localrule: True
        conda:
            "../../envs/python.yaml"
        params:
            code=code_of("given_frames"),
            rows=given_rows,
            bands=BANDS,
            reference_band=REFERENCE,
            folder=f"{RESULTS}/frames/fetched/{{field}}",
            keep=config["keep_images"],
        message:
            "{wildcards.field}: images and error maps under their names"
        script:
            "../../scripts/given_frames.py"

    rule softening:
        input:
            statuses=given_statuses,
        output:
            softening=f"{RESULTS}/frames/softening.json",
        log:
            f"{RESULTS}/logs/frames/softening.log",
        benchmark:
            f"{RESULTS}/benchmarks/frames/softening.tsv"
        localrule: True
        conda:
            "../../envs/python.yaml"
        params:
            code=code_of("softening"),
        message:
            "softening of the magnitudes"
        script:
            "../../scripts/softening.py"


rule psfields:
    output:
        psfs=f"{RESULTS}/frames/{{field}}.psField.fit",
    log:
        f"{RESULTS}/logs/frames/{{field}}.psField.log",
    benchmark:
        f"{RESULTS}/benchmarks/frames/{{field}}.psField.tsv"
    conda:
        "../../envs/python.yaml"
    resources:
        downloads=1,
        download_retries=config["download"]["retries"],
        download_timeout=config["download"]["timeout"],
        mem_mb=memory(600),
        runtime=minutes(30),
    params:
        code=code_of("psfields"),
        source=SOURCE,
        release=config["release"],
    message:
        "{wildcards.field}: fetching the survey's PSFs"
    script:
        "../../scripts/psfields.py"


checkpoint delivered:
    input:
        statuses=lambda wildcards: [
            f"{home(field)}/frames/{field}.json" for field in asked_fields(wildcards)
        ],
    output:
        table=shown_in_report(f"{RESULTS}/frames/delivered.csv", "delivered", "Losses"),
    log:
        f"{RESULTS}/logs/frames/delivered.log",
    benchmark:
        f"{RESULTS}/benchmarks/frames/delivered.tsv"
    localrule: True
    conda:
        "../../envs/python.yaml"
    params:
        code=code_of("delivered"),
    message:
        "listing the delivered fields"
    script:
        "../../scripts/delivered.py"


checkpoint exposures:
    input:
        statuses=[f"{RESULTS}/frames/{field}.json" for field in PLAN.fields],
    output:
        table=f"{RESULTS}/frames/exposures.csv",
    log:
        f"{RESULTS}/logs/frames/exposures.log",
    benchmark:
        f"{RESULTS}/benchmarks/frames/exposures.tsv"
    localrule: True
    conda:
        "../../envs/python.yaml"
    params:
        code=code_of("exposures"),
    message:
        "listing the delivered fields of pairs and stacks"
    script:
        "../../scripts/exposures.py"
