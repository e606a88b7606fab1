"""Frames and survey masks, from the archive's layout to results/<name>/frames."""

SOURCE = config["source"]
if SOURCE == "demo":
    SOURCE = (Path.cwd() / RESULTS / "demo/archive").as_uri()


rule fetch:
    input:
        demo_archive,
        library=library("frames", "registration", "masks", "exceptions"),
        scripts=shared_scripts("archive", "files", "job", "provenance"),
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
        source=SOURCE,
        release=config["release"],
        bands=BANDS,
        masks=config["download"]["masks"],
        folder=f"{RESULTS}/frames/fetched/{{field}}",
    message:
        "{wildcards.field}: fetching frames"
    script:
        "../../scripts/frames.py"


rule psfields:
    input:
        library=library("frames", "masks", "exceptions", "psf", "psfield"),
        scripts=shared_scripts("archive", "files", "job", "provenance"),
    output:
        f"{RESULTS}/frames/{{field}}.psField.fit",
    log:
        f"{RESULTS}/logs/frames/{{field}}.psField.log",
    conda:
        "../../envs/python.yaml"
    resources:
        downloads=1,
        download_retries=config["download"]["retries"],
        download_timeout=config["download"]["timeout"],
        mem_mb=memory(600),
        runtime=minutes(30),
    params:
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
        library=library("exceptions"),
        scripts=shared_scripts("files", "job", "provenance"),
    output:
        f"{RESULTS}/frames/delivered.csv",
    log:
        f"{RESULTS}/logs/frames/delivered.log",
    benchmark:
        f"{RESULTS}/benchmarks/frames/delivered.tsv"
    localrule: True
    conda:
        "../../envs/python.yaml"
    message:
        "sorting out fields that did not come"
    script:
        "../../scripts/delivered.py"


checkpoint exposures:
    input:
        statuses=[f"{RESULTS}/frames/{field}.json" for field in EXPOSED],
        library=library("exceptions"),
        scripts=shared_scripts("files", "job", "provenance"),
    output:
        f"{RESULTS}/frames/exposures.csv",
    log:
        f"{RESULTS}/logs/frames/exposures.log",
    benchmark:
        f"{RESULTS}/benchmarks/frames/exposures.tsv"
    localrule: True
    conda:
        "../../envs/python.yaml"
    message:
        "sorting out fields of pairs and stacks that did not come"
    script:
        "../../scripts/delivered.py"


# a field that did not come has no frames to link: asked for by name, it fails here and says why
rule frames:
    input:
        status=f"{RESULTS}/frames/{{field}}.json",
    output:
        kept(per_band("frames")),
    log:
        f"{RESULTS}/logs/frames/{{field}}.link.log",
    localrule: True
    conda:
        "../../envs/python.yaml"
    params:
        fetched=[f"{RESULTS}/frames/fetched/{{field}}/{band}.fits" for band in BANDS],
        # a link beside what is kept for the next run; without it, where nothing is kept
        command="ln -fv" if config["keep_images"] else "mv -fv",
    message:
        "{wildcards.field}: frames under their names"
    shell:
        """
        exec 2>{log:q}
        grep -q '"delivered": true' {input.status:q} || {{ cat {input.status:q} >&2; exit 1; }}
        fetched=({params.fetched:q})
        outputs=({output:q})
        for n in "${{!fetched[@]}}"; do
            {params.command} "${{fetched[n]}}" "${{outputs[n]}}" >&2
        done
        """
