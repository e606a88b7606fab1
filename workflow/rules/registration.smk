"""Registration to the reference band's north-up grid, and matching of the bands' PSFs."""

MATCH_PSF = config["registration"]["match_psf"]

# images that are measured: those with one PSF, if it is wanted
MEASURED = "matched" if MATCH_PSF else "registered"


def survey_psfs(wildcards):
    """Return the survey's psField file of a field; the demo and tables of images have none."""
    if FRAMES is not None or config["source"] == "demo":
        return []
    return [f"{RESULTS}/frames/{wildcards.field}.psField.fit"]


def listed_psfs(wildcards):
    """Return the PSFs that a table of images lists for a field, by band."""
    if FRAMES is None:
        return {}
    rows = FRAMES.fields[wildcards.field]
    return {band: rows[band].psf for band in BANDS if band in rows and rows[band].psf}


rule registration:
    input:
        frames=per_band("frames"),
        errors=per_band("errors"),
        masks=f"{RESULTS}/frames/{{field}}.masks.fits",
    output:
        registered=kept(per_band("registered")),
    log:
        f"{RESULTS}/logs/registration/{{field}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/registration/{{field}}.tsv"
    conda:
        IMAGES_ENVIRONMENT
    resources:
        mem_mb=memory(300, times_input=4),
        runtime=minutes(10),
    params:
        code=code_of("registration"),
        bands=BANDS,
        reference_band=REFERENCE,
        engine=config["registration"]["engine"],
        pixel_scale=config["registration"]["pixel_scale"],
    message:
        "{wildcards.field}: registration to the grid of the reference band"
    script:
        "../../scripts/registration.py"


rule matching:
    input:
        lambda wildcards: [image_file(path) for path in listed_psfs(wildcards).values()],
        frames=per_band("frames"),
        registered=per_band("registered"),
        psfields=survey_psfs,
        sextractor=[
            resource("sextractor/sources.sex"),
            resource("sextractor/stars.param"),
            resource("sextractor/sources.conv"),
        ],
        psfex=resource("psfex/stars.psfex"),
    output:
        matched=kept(per_band("matched")),
    log:
        f"{RESULTS}/logs/matching/{{field}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/matching/{{field}}.tsv"
    conda:
        IMAGES_ENVIRONMENT
    resources:
        mem_mb=memory(500, times_input=3),
        runtime=minutes(10),
    params:
        code=code_of("matching"),
        bands=BANDS,
        psf_files=listed_psfs,
        field=lambda wildcards: wildcards.field,
    message:
        "{wildcards.field}: one PSF for all bands"
    script:
        "../../scripts/matching.py"
