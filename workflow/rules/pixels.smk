"""Pixel vectors: one row per pixel of each object."""


def pixel_tables(wildcards):
    """Return the pixel tables of all delivered fields."""
    return [f"{home(field)}/pixels/{field}.parquet" for field in delivered_fields(wildcards)]


def aperture_tables(wildcards):
    """Return the tables of aperture fluxes of all delivered fields."""
    return [f"{home(field)}/apertures/{field}.csv" for field in delivered_fields(wildcards)]


def pixel_counts(wildcards):
    """Return the counts of kept and dropped pixels of all delivered fields."""
    return [f"{home(field)}/pixels/{field}.counts.csv" for field in delivered_fields(wildcards)]


# in one mode of detection the segments of the reference band serve all bands
SEGMENTED = BANDS if config["sources"]["detection"] == "band" else [REFERENCE]


rule pixels:
    input:
        images=per_band(MEASURED),
        catalogues=per_band("sources", ".cat.fits", SEGMENTED),
        maps=per_band("sources", ".seg.fits", SEGMENTED),
        objects=f"{RESULTS}/catalogue/objects.csv",
        softening=[] if FRAMES is None else f"{RESULTS}/frames/softening.json",
    output:
        pixels=f"{RESULTS}/pixels/{{field}}.parquet",
        counts=f"{RESULTS}/pixels/{{field}}.counts.csv",
    log:
        f"{RESULTS}/logs/pixels/{{field}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/pixels/{{field}}.tsv"
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=memory(200, times_input=2),
        runtime=minutes(10),
    params:
        code=code_of("pixels"),
        bands=BANDS,
        reference_band=REFERENCE,
        detection=config["sources"]["detection"],
        reject=config["pixels"]["reject"],
        extinction=config["pixels"]["extinction"],
        wavelengths={} if FRAMES is None else FRAMES.wavelengths,
        # an attribute that takes time is made where it is used
        gradients="gradients" in config["photoz"]["attributes"],
    message:
        "{wildcards.field}: pixel vectors"
    script:
        "../../scripts/pixels.py"
