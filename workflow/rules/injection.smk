"""Injection: sources of known truth in the frames of a run, written as separate frames."""

from redpix.config.file_paths import injection_tables as tables_of_injection
from redpix.sdss.frames import imaging_folder

INJECTED = f"{RESULTS}/injection/archive/{imaging_folder(config['release'])}"


def injected_name(wildcards):
    """Return the name of the field of a file of the injected archive."""
    return f"{int(wildcards.run_filled)}-{wildcards.camcol}-{int(wildcards.field_filled)}"


def injected_field(wildcards):
    """Return the files that a frame with injected sources is made from."""
    field = injected_name(wildcards)
    return {
        "frame": f"{RESULTS}/frames/{field}-{wildcards.band}.fits",
        "masks": f"{RESULTS}/frames/{field}.masks.fits",
        "sources": f"{RESULTS}/injection/sources/{field}.csv",
        "psf": f"{RESULTS}/injection/psf/{field}.fits",
    }


def injection_tables(wildcards):
    """Return the user's tables of sources to inject."""
    return [path for _, path in tables_of_injection(config["injection"])]


def injected_images(wildcards):
    """Return the images with injected sources of the delivered fields of a table of images."""
    return [
        f"{RESULTS}/injection/frames/{field}-{band}.fits"
        for field in delivered_fields(wildcards)
        for band in BANDS
    ]


def injection_place(wildcards):
    """Return place and wavelengths of a field of a table of images, None for SDSS."""
    if FRAMES is None:
        return None
    number = list(FRAMES.fields).index(wildcards.field) + 1
    return {"number": number, "wavelengths": FRAMES.wavelengths}


def injected_archive(wildcards):
    """Return the frames with injected sources, and masks, of all delivered fields."""
    if FRAMES is not None:
        return [f"{RESULTS}/injection/frames.tsv", *injected_images(wildcards)]
    archive = f"{RESULTS}/injection/archive"
    return [
        f"{archive}/{path(config['release'], parse_field(field), band)}"
        for field in delivered_fields(wildcards)
        for band in BANDS
        for path in (frame_path, mask_path)
    ]


rule injection_psf:
    input:
        frames=lambda wildcards: [
            f"{image_home(wildcards.field)}/frames/{wildcards.field}-{band}.fits" for band in BANDS
        ],
        errors=lambda wildcards: [
            f"{image_home(wildcards.field)}/errors/{wildcards.field}-{band}.fits" for band in BANDS
        ],
        masks=lambda wildcards: f"{image_home(wildcards.field)}/frames/{wildcards.field}.masks.fits",
        sextractor=[
            resource("sextractor/sources.sex"),
            resource("sextractor/stars.param"),
            resource("sextractor/sources.conv"),
        ],
        psfex=resource("psfex/stars.psfex"),
    output:
        psf_file=f"{RESULTS}/injection/psf/{{field}}.fits",
    log:
        f"{RESULTS}/logs/injection/{{field}}.psf.log",
    benchmark:
        f"{RESULTS}/benchmarks/injection/{{field}}.psf.tsv"
    conda:
        IMAGES_ENVIRONMENT
    threads: 1
    resources:
        downloads=1,
        download_retries=config["download"]["retries"],
        download_timeout=config["download"]["timeout"],
        mem_mb=memory(800),
        runtime=minutes(10),
    params:
        code=code_of("injection_psf"),
        source=SOURCE,
        release=config["release"],
        bands=BANDS,
        psf=config["injection"]["psf"],
        listed=None if FRAMES is None else listed_psfs,
    message:
        "{wildcards.field}: point spread functions for injection"
    script:
        "../../scripts/injection_psf.py"


rule injection_sources:
    input:
        injection_tables,
        frame=f"{RESULTS}/frames/{{field}}-{REFERENCE}.fits",
        error=f"{RESULTS}/errors/{{field}}-{REFERENCE}.fits",
        masks=f"{RESULTS}/frames/{{field}}.masks.fits",
        psf_file=f"{RESULTS}/injection/psf/{{field}}.fits",
    output:
        sources=f"{RESULTS}/injection/sources/{{field}}.csv",
    log:
        f"{RESULTS}/logs/injection/{{field}}.sources.log",
    benchmark:
        f"{RESULTS}/benchmarks/injection/{{field}}.sources.tsv"
    conda:
        "../../envs/python.yaml"
    threads: 1
    resources:
        mem_mb=memory(600),
        runtime=minutes(10),
    params:
        code=code_of("injection_sources"),
        options=config["injection"],
        bands=BANDS,
        reference_band=REFERENCE,
        seed=config["seed"],
        given=injection_place,
    message:
        "{wildcards.field}: choosing the sources to inject"
    script:
        "../../scripts/injection_sources.py"


if FRAMES is None:

    # the archive pads the numbers of a field with zeros; the name of the field follows from them
    rule injection_frame:
        input:
            unpack(injected_field),
        output:
            injected_frame=f"{INJECTED}/photoObj/frames/301/{{run}}/{{camcol}}/"
            "frame-{band}-{run_filled}-{camcol}-{field_filled}.fits.bz2",
            injected_mask=f"{INJECTED}/photo/redux/301/{{run}}/objcs/{{camcol}}/"
            "fpM-{run_filled}-{band}{camcol}-{field_filled}.fit.gz",
        log:
            f"{RESULTS}/logs/injection/{{run}}-{{camcol}}-{{run_filled}}-{{field_filled}}-{{band}}.log",
        benchmark:
            f"{RESULTS}/benchmarks/injection/{{run}}-{{camcol}}-{{run_filled}}-{{field_filled}}-{{band}}.tsv"
        wildcard_constraints:
            run="[1-9][0-9]{0,5}",
            camcol="[1-6]",
            run_filled="[0-9]{6}",
            field_filled="[0-9]{4}",
        conda:
            "../../envs/python.yaml"
        threads: 1
        resources:
            mem_mb=memory(800),
            runtime=minutes(10),
        params:
            code=code_of("injection_frame"),
            field=injected_name,
            seed=config["seed"],
        message:
            "{params.field}, {wildcards.band}: injecting"
        script:
            "../../scripts/injection_frame.py"

else:

    rule injection_field:
        input:
            lambda wildcards: [image_file(path) for path in listed_psfs(wildcards).values()],
            frames=per_band("frames"),
            errors=per_band("errors"),
            masks=f"{RESULTS}/frames/{{field}}.masks.fits",
            status=f"{RESULTS}/frames/{{field}}.json",
            sources=f"{RESULTS}/injection/sources/{{field}}.csv",
            psf=f"{RESULTS}/injection/psf/{{field}}.fits",
        output:
            injected=per_band("injection/frames"),
        log:
            f"{RESULTS}/logs/injection/{{field}}.log",
        benchmark:
            f"{RESULTS}/benchmarks/injection/{{field}}.tsv"
        conda:
            "../../envs/python.yaml"
        threads: 1
        resources:
            mem_mb=memory(600, times_input=2),
            runtime=minutes(30),
        params:
            code=code_of("injection_field"),
            bands=BANDS,
            seed=config["seed"],
        message:
            "{wildcards.field}: injecting"
        script:
            "../../scripts/injection_field.py"

    rule injection_table:
        input:
            images=injected_images,
        output:
            table=f"{RESULTS}/injection/frames.tsv",
        log:
            f"{RESULTS}/logs/injection/frames.log",
        benchmark:
            f"{RESULTS}/benchmarks/injection/frames.tsv"
        localrule: True
        conda:
            "../../envs/python.yaml"
        params:
            code=code_of("injection_table"),
            fields=lambda wildcards: delivered_fields(wildcards),
            bands=BANDS,
            psfs={
                field: {band: row.psf for band, row in rows.items() if row.psf}
                for field, rows in FRAMES.fields.items()
            },
            wavelengths=FRAMES.wavelengths,
        message:
            "table of the images with injected sources"
        script:
            "../../scripts/injection_table.py"


rule injection_truth:
    input:
        tables=lambda wildcards: [
            f"{RESULTS}/injection/sources/{field}.csv" for field in delivered_fields(wildcards)
        ],
    output:
        truth=f"{RESULTS}/injection/truth.csv",
    log:
        f"{RESULTS}/logs/injection/truth.log",
    benchmark:
        f"{RESULTS}/benchmarks/injection/truth.tsv"
    conda:
        "../../envs/python.yaml"
    params:
        code=code_of("injection_truth"),
    message:
        "truth of the injected sources"
    script:
        "../../scripts/injection_truth.py"
