"""Sources: SExtractor with ASSOC finds the catalogue's objects in the registered images."""

# reference: the reference band; sum, chi2: all bands combined
DETECTION_IMAGE = config["sources"]["detection_image"]


rule sources:
    input:
        images=per_band("registered"),
        # with one PSF, if it is wanted
        matched=per_band("matched") if MATCH_PSF else [],
        objects=f"{RESULTS}/catalogue/objects.csv",
        config=resource("sextractor/sources.sex"),
        parameters=resource("sextractor/sources.param"),
        filter=resource("sextractor/sources.conv"),
    output:
        catalogues=kept(per_band("sources", ".cat.fits")),
        maps=kept(per_band("sources", ".seg.fits")),
    log:
        f"{RESULTS}/logs/sources/{{field}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/sources/{{field}}.tsv"
    conda:
        IMAGES_ENVIRONMENT
    resources:
        mem_mb=memory(200, times_input=2),
        runtime=minutes(10),
    params:
        code=code_of("sources"),
        detection=config["sources"]["detection"],
        detection_image=DETECTION_IMAGE,
        threshold=config["sources"]["threshold"],
        min_area=config["sources"]["min_area"],
        assoc_radius=config["sources"]["assoc_radius"],
        assoc_type=config["sources"]["assoc_type"],
        assoc_selection=config["sources"]["assoc_selection"],
        bands=BANDS,
        reference_band=REFERENCE,
    message:
        "{wildcards.field}: finding the catalogue's objects"
    script:
        "../../scripts/sources.py"


rule detections:
    input:
        image=f"{RESULTS}/registered/{{field}}-{REFERENCE}.fits",
        bands=[] if DETECTION_IMAGE == "reference" else per_band("registered"),
        config=resource("sextractor/sources.sex"),
        parameters=resource("sextractor/detections.param"),
        filter=resource("sextractor/sources.conv"),
    output:
        detections=f"{RESULTS}/sources/{{field}}.detections.csv",
    log:
        f"{RESULTS}/logs/detections/{{field}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/detections/{{field}}.tsv"
    conda:
        IMAGES_ENVIRONMENT
    resources:
        mem_mb=memory(500),
        runtime=minutes(10),
    params:
        code=code_of("detections"),
        detection_image=DETECTION_IMAGE,
        threshold=config["sources"]["threshold"],
        min_area=config["sources"]["min_area"],
    message:
        "{wildcards.field}: detecting sources"
    script:
        "../../scripts/detections.py"


rule apertures:
    input:
        lambda wildcards: [image_file(path) for path in listed_psfs(wildcards).values()],
        frames=per_band("frames"),
        registered=per_band("registered"),
        catalogue=f"{RESULTS}/sources/{{field}}-{REFERENCE}.cat.fits",
        objects=f"{RESULTS}/catalogue/objects.csv",
        psfields=survey_psfs,
        sextractor=[
            resource("sextractor/sources.sex"),
            resource("sextractor/stars.param"),
            resource("sextractor/sources.conv"),
        ],
        psfex=resource("psfex/stars.psfex"),
    output:
        table=f"{RESULTS}/apertures/{{field}}.csv",
    log:
        f"{RESULTS}/logs/apertures/{{field}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/apertures/{{field}}.tsv"
    conda:
        IMAGES_ENVIRONMENT
    resources:
        mem_mb=memory(500, times_input=1),
        runtime=minutes(10),
    params:
        code=code_of("apertures"),
        bands=BANDS,
        psf_files=listed_psfs,
        reject=config["pixels"]["reject"],
        extinction=config["pixels"]["extinction"],
        wavelengths={} if FRAMES is None else FRAMES.wavelengths,
    message:
        "{wildcards.field}: fluxes in apertures before the seeing"
    script:
        "../../scripts/apertures.py"
