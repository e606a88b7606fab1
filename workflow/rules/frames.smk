"""Frames and survey masks, from the archive's layout to results/<name>/frames."""

SOURCE = config["source"]
if SOURCE == "demo":
    SOURCE = f"{RESULTS}/demo/archive"


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
        # how patient to be changes no result, and as parameters these would call for a rerun
        download_retries=config["download"]["retries"],
        download_timeout=config["download"]["timeout"],
        mem_mb=memory(600),
        runtime=minutes(30),
    params:
        code=code_of("fetch"),
        source=SOURCE,
        release=config["release"],
        bands=BANDS,
        masks=config["download"]["masks"],
        folder=f"{RESULTS}/frames/fetched/{{field}}",
    message:
        "{wildcards.field}: fetching frames"
    script:
        "../../scripts/fetch.py"


rule psfields:
    output:
        f"{RESULTS}/frames/{{field}}.psField.fit",
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
        f"{RESULTS}/frames/delivered.csv",
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
        "sorting out fields that did not come"
    script:
        "../../scripts/delivered.py"


checkpoint exposures:
    input:
        statuses=[f"{RESULTS}/frames/{field}.json" for field in PLAN.fields],
    output:
        f"{RESULTS}/frames/exposures.csv",
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
        "sorting out fields of pairs and stacks that did not come"
    script:
        "../../scripts/exposures.py"


# a field that did not come has no frames to link: asked for by name, it fails here and says why
rule frames:
    input:
        demo_archive,
        status=f"{RESULTS}/frames/{{field}}.json",
    output:
        kept(per_band("frames")),
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
        # a link beside what is kept for the next run; without it, where nothing is kept
        keep=config["keep_images"],
    message:
        "{wildcards.field}: frames under their names"
    script:
        "../../scripts/frames.py"
