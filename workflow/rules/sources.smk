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
        "../../envs/images.yaml"
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
        "../../envs/images.yaml"
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
