"""A night: a folder of raw images is sorted into bias, dark, flat and light; masters are made."""

from redpix.config.night_folder import files_of_master, named_master, night_files, read_masters

with refusals(""):
    NIGHT_FILES = night_files(config["night"]) if config["night"] else []


def master_of_night(wildcards):
    """Return the entry of a master in the plan of the night."""
    with refusals(""):
        masters = read_masters(checkpoints.night.get().output.masters)
        return named_master(masters, wildcards.master)


def frames_of_master(wildcards):
    """Return the raw frames of a master, and the masters that are needed first."""
    with refusals(""):
        masters = read_masters(checkpoints.night.get().output.masters)
        return files_of_master(masters, wildcards.master, f"{RESULTS}/night/masters")


checkpoint night:
    input:
        frames=NIGHT_FILES,
    output:
        files=f"{RESULTS}/night/files.csv",
        images=f"{RESULTS}/night/images.tsv",
        masters=f"{RESULTS}/night/masters.json",
    log:
        f"{RESULTS}/logs/night/night.log",
    benchmark:
        f"{RESULTS}/benchmarks/night/night.tsv"
    conda:
        IMAGES_ENVIRONMENT
    resources:
        mem_mb=memory(500),
        runtime=minutes(30),
    params:
        code=code_of("night"),
        folder=f"{RESULTS}/night/masters",
    message:
        "sorting the files of the night"
    script:
        "../../scripts/night.py"


rule night_master:
    input:
        unpack(frames_of_master),
    output:
        master=f"{RESULTS}/night/masters/{{master}}.fits",
    log:
        f"{RESULTS}/logs/night/{{master}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/night_master/{{master}}.tsv"
    wildcard_constraints:
        master="[A-Za-z0-9][A-Za-z0-9_.-]*",
    conda:
        IMAGES_ENVIRONMENT
    resources:
        mem_mb=memory(500, times_input=8),
        runtime=minutes(30),
    params:
        code=code_of("night_master"),
        kind=lambda wildcards: master_of_night(wildcards)["kind"],
        exposure=lambda wildcards: master_of_night(wildcards)["exposure"],
        factor=lambda wildcards: master_of_night(wildcards)["factor"],
        mosaic=lambda wildcards: master_of_night(wildcards)["mosaic"],
        frame_darks=lambda wildcards: master_of_night(wildcards).get("frame_darks", []),
        section=lambda wildcards: master_of_night(wildcards).get("section", ""),
    message:
        "{wildcards.master}: combining raw frames"
    script:
        "../../scripts/night_master.py"
