"""Difference imaging: what changed between two exposures of one sky."""

IDENTIFY = config["subtraction"]["identify"]


def exposures_of_pair(wildcards):
    """Return the files of both exposures of a pair in a band."""
    return PLAN.files_of_pair(wildcards.pair, wildcards.band)


def images_of_pair(wildcards):
    """Return science image and reference as the table names them, with the HDU that they name."""
    return list(PLAN.images_of_pair(wildcards.pair, wildcards.band).values())


def cameras(wildcards):
    """Return what the user gives of the cameras and PSFs of science image and reference."""
    return cameras_of_pair(PLAN.row(wildcards.pair, wildcards.band), config)


def given_psfs(wildcards):
    """Return the files of the PSFs that the user gives for a pair."""
    return [image_file(one["psf"]) for one in cameras(wildcards) if one["psf"]]


def bands_of_pair(wildcards):
    """Return the transients of a pair in each band."""
    rows = [row for row in PLAN.delivered_pairs(not_delivered()) if row.pair == wildcards.pair]
    return [f"{RESULTS}/subtraction/{row.pair}/{row.band}/transients.csv" for row in rows]


def all_differences(wildcards):
    """Return the difference image of every pair and band."""
    rows = PLAN.delivered_pairs(not_delivered())
    return [f"{RESULTS}/subtraction/{row.pair}/{row.band}/difference.fits" for row in rows]


def epochs_of_series(product):
    """Return an input function for a product of every epoch of a series in a band."""

    def paths(wildcards):
        return [
            f"{RESULTS}/subtraction/{row.pair}/{row.band}/{product}"
            for row in PLAN.delivered_pairs(not_delivered())
            if (row.series, row.band) == (wildcards.series, wildcards.band)
        ]

    return paths


def all_series(wildcards):
    """Return the table of objects of every series and band."""
    rows = [row for row in PLAN.delivered_pairs(not_delivered()) if row.series]
    names = dict.fromkeys((row.series, row.band) for row in rows)
    return [f"{RESULTS}/series/{series}/{band}/series.csv" for series, band in names]


def series_tables(name):
    """Return an input function for a table beside the table of objects of every series."""
    return lambda wildcards: [str(Path(path).with_name(name)) for path in all_series(wildcards)]


def differences_of(name, column="pair"):
    """Return the differences of a pair, or of a series, in all bands."""
    return [
        f"{RESULTS}/subtraction/{row.pair}/{row.band}/difference.fits"
        for row in PLAN.delivered_pairs(not_delivered())
        if name == (row.pair if column == "pair" else row.series or row.pair)
    ]


def known_bodies(wildcards):
    """Return the table of bodies of the Solar System of a pair, if the user chose it."""
    return [f"{RESULTS}/known/bodies/{wildcards.pair}.ecsv"] if IDENTIFY["bodies"] else []


def gaia_of_pair(wildcards):
    """Return the table of Gaia's sources of a pair, or of its series, if the user chose it."""
    rows = [row for row in PLAN.pairs if row.pair == wildcards.pair]
    names = {row.series or row.pair for row in rows}
    return [f"{RESULTS}/known/gaia/{name}.ecsv" for name in names] if IDENTIFY["gaia"] else []


def all_known(wildcards):
    """Return the tables of known objects of all pairs."""
    rows = PLAN.delivered_pairs(not_delivered())
    bodies = dict.fromkeys(row.pair for row in rows) if IDENTIFY["bodies"] else ()
    gaia = dict.fromkeys(row.series or row.pair for row in rows) if IDENTIFY["gaia"] else ()
    paths = [f"{RESULTS}/known/bodies/{name}.ecsv" for name in bodies]
    return paths + [f"{RESULTS}/known/gaia/{name}.ecsv" for name in gaia]


def all_transients(wildcards):
    """Return the transients of every pair in all bands."""
    pairs = dict.fromkeys(row.pair for row in PLAN.delivered_pairs(not_delivered()))
    return [f"{RESULTS}/subtraction/{pair}/transients.csv" for pair in pairs]


rule subtraction:
    input:
        unpack(exposures_of_pair),
        given_psfs,
        marks=config["subtraction"]["marks"] or [],
        config=resource("sextractor/sources.sex"),
        parameters=resource("sextractor/stars.param"),
        filter=resource("sextractor/sources.conv"),
        psfex=resource("psfex/stars.psfex"),
    output:
        difference=f"{RESULTS}/subtraction/{{pair}}/{{band}}/difference.fits",
        transients=f"{RESULTS}/subtraction/{{pair}}/{{band}}/transients.csv",
        cut_outs=f"{RESULTS}/subtraction/{{pair}}/{{band}}/cut_outs.fits",
        votable=f"{RESULTS}/subtraction/{{pair}}/{{band}}/transients.vot",
        regions=f"{RESULTS}/subtraction/{{pair}}/{{band}}/transients.reg",
        alerts=f"{RESULTS}/subtraction/{{pair}}/{{band}}/transients.avro",
    log:
        f"{RESULTS}/logs/subtraction/{{pair}},{{band}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/subtraction/{{pair}},{{band}}.tsv"
    wildcard_constraints:
        pair="[A-Za-z0-9][A-Za-z0-9_.-]*",
        band="[A-Za-z0-9][A-Za-z0-9_-]*",
    conda:
        IMAGES_ENVIRONMENT
    threads: config["subtraction"]["threads"]
    resources:
        mem_mb=memory(600, times_input=5),
        runtime=minutes(20),
        gpu=cards(),
    params:
        code=code_of("subtraction"),
        images=images_of_pair,
        camera=cameras,
        arrays=config["arrays"],
        threshold=config["subtraction"]["threshold"],
        background_mesh=config["subtraction"]["background_mesh"],
        psf_error=config["subtraction"]["psf_error"],
        registration=config["subtraction"]["registration"],
        noise=config["subtraction"]["noise"],
        space=config["subtraction"]["space"],
        precision=config["subtraction"]["precision"],
        padding=config["subtraction"]["padding"],
        flux_ratio=config["subtraction"]["flux_ratio"],
        match_background=config["subtraction"]["match_background"],
        match_reference=config["subtraction"]["match_reference"],
        psf_engine=config["subtraction"]["psf_engine"],
        compress=config["subtraction"]["compress"],
    message:
        "{wildcards.pair}, {wildcards.band}: subtracting"
    script:
        "../../scripts/subtraction.py"


rule known_bodies:
    input:
        differences=lambda wildcards: differences_of(wildcards.pair),
    output:
        bodies=f"{RESULTS}/known/bodies/{{pair}}.ecsv",
    log:
        f"{RESULTS}/logs/known/bodies/{{pair}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/known_bodies/{{pair}}.tsv"
    wildcard_constraints:
        pair="[A-Za-z0-9][A-Za-z0-9_.-]*",
    conda:
        "../../envs/python.yaml"
    threads: 1
    resources:
        mem_mb=memory(700),
        runtime=minutes(20),
        downloads=1,
    params:
        code=code_of("known_bodies"),
    message:
        "{wildcards.pair}: known bodies of the Solar System"
    script:
        "../../scripts/known_bodies.py"


rule gaia_sources:
    input:
        differences=lambda wildcards: differences_of(wildcards.place, column="series"),
    output:
        sources=f"{RESULTS}/known/gaia/{{place}}.ecsv",
    log:
        f"{RESULTS}/logs/known/gaia/{{place}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/gaia_sources/{{place}}.tsv"
    wildcard_constraints:
        place="[A-Za-z0-9][A-Za-z0-9_.-]*",
    conda:
        "../../envs/python.yaml"
    threads: 1
    resources:
        mem_mb=memory(700),
        runtime=minutes(20),
        downloads=1,
    params:
        code=code_of("gaia_sources"),
    message:
        "{wildcards.place}: sources of Gaia"
    script:
        "../../scripts/gaia_sources.py"


rule transients_of_pair:
    input:
        tables=bands_of_pair,
        # hosts are objects of the run's own sky: the files of a user have none
        objects=lambda wildcards: photoz_products("objects.csv")(wildcards)[:1],
        bodies=known_bodies,
        gaia=gaia_of_pair,
        lists=IDENTIFY["lists"],
    output:
        transients=shown_in_report(
            f"{RESULTS}/subtraction/{{pair}}/transients.csv", "transients", "Changes"
        ),
        votable=f"{RESULTS}/subtraction/{{pair}}/transients.vot",
        regions=f"{RESULTS}/subtraction/{{pair}}/transients.reg",
    log:
        f"{RESULTS}/logs/subtraction/{{pair}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/subtraction/{{pair}}.tsv"
    wildcard_constraints:
        pair="[A-Za-z0-9][A-Za-z0-9_.-]*",
    conda:
        "../../envs/python.yaml"
    params:
        code=code_of("transients_of_pair"),
        host_radius=config["subtraction"]["host_radius"],
        radius=IDENTIFY["radius"],
    message:
        "{wildcards.pair}: transients of all bands"
    script:
        "../../scripts/transients_of_pair.py"


rule series:
    input:
        differences=epochs_of_series("difference.fits"),
        transients=epochs_of_series("transients.csv"),
    output:
        f"{RESULTS}/series/{{series}}/{{band}}/series.ecsv",
        f"{RESULTS}/series/{{series}}/{{band}}/light_curves.ecsv",
        f"{RESULTS}/series/{{series}}/{{band}}/tracklets.ecsv",
        series=shown_in_report(
            f"{RESULTS}/series/{{series}}/{{band}}/series.csv", "series", "Changes"
        ),
        light_curves=shown_in_report(
            f"{RESULTS}/series/{{series}}/{{band}}/light_curves.csv", "series", "Changes"
        ),
        tracklets=shown_in_report(
            f"{RESULTS}/series/{{series}}/{{band}}/tracklets.csv", "series", "Changes"
        ),
    log:
        f"{RESULTS}/logs/series/{{series}},{{band}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/series/{{series}},{{band}}.tsv"
    wildcard_constraints:
        series="[A-Za-z0-9][A-Za-z0-9_.-]*",
        band="[A-Za-z0-9][A-Za-z0-9_-]*",
    conda:
        "../../envs/python.yaml"
    resources:
        mem_mb=memory(600),
        runtime=minutes(20),
    params:
        code=code_of("series"),
    message:
        "{wildcards.series}, {wildcards.band}: objects of the series"
    script:
        "../../scripts/series.py"
