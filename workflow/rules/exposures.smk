"""Pairs and stacks: which exposures they name, which of these came, and where their files are."""

#: stack that holds the reference of a pair made of several exposures
COADDED_REFERENCE = "{pair}.reference"

ALONE = config["science"] is not None  # two files and nothing else


def reader(key, read):
    """A function that reads the table of pairs or of stacks."""
    return lambda path, bands: user_table(
        key, path, lambda source, schema: read(source, schema, bands, will_exist)
    )


def will_exist(path):
    """Whether a file is there, or is named as a coadd of this run, which `check_coadds` looks at."""
    return Path(path).is_file() or named_coadd(path) is not None


def named_coadd(path):
    """Stack and band of a path that is one of a coadd of this run; None if it is none."""
    parts = Path(os.path.relpath(path, f"{RESULTS}/coadds")).parts
    if len(parts) != 2 or parts[0] == ".." or not parts[1].endswith(".fits"):
        return None
    return parts[0], parts[1].removesuffix(".fits")


def coadd_of(path):
    """Stack and band of a path that is a coadd that this run makes; None if it is none."""
    named = named_coadd(path)
    return named if named in STACKS else None


def check_coadds(key, images, above=()):
    """End the run where images are coadds of stacks that are none, or that need themselves."""
    for image in images:
        made = None if is_field(image) else named_coadd(image)
        if made in above:
            sys.exit(f"{key}: {image}: is made from itself; allowed: coadds of other stacks")
        if made in STACKS:
            check_coadds(key, STACKS[made], (*above, made))
        elif made and not Path(image).is_file():
            sys.exit(f"{key}: {image}: no stack of this run has this coadd, nor is there a file")


def two_files():
    """The pair of two files that the command line names."""
    pair = Pair(
        pair_name(config["science"], config["reference"]),
        *(config["science"], config["reference"], NO_BAND),
    )
    for key, images in (("science", [pair.science]), ("reference", pair.references)):
        for path in images:
            if not Path(path).is_file():
                sys.exit(
                    f"configuration: {key}: {path}: there is no such file; allowed: the path of a "
                    "FITS image, for the reference also several joined by commas"
                )
    return [pair]


STACKS = {}
if not ALONE:
    for row in rows_of("stacks", reader("stacks", read_stacks)):
        STACKS.setdefault((row.stack, row.band), []).append(row.image)
PAIRS = two_files() if ALONE else rows_of("pairs", reader("pairs", read_pairs))

# references of several exposures are stacks, too
for row in PAIRS:
    if len(row.references) > 1:
        made = COADDED_REFERENCE.format(pair=row.pair), row.band
        if made in STACKS:
            sys.exit(f"stacks: {made[0]}: the name of a pair's reference; allowed: another name")
        STACKS[made] = row.references

for stack, images in STACKS.items():
    check_coadds("stacks", images, (stack,))
for row in PAIRS:
    check_coadds("pairs", row.images)

EXPOSED = sorted(
    {image for row in PAIRS for image in row.images if is_field(image)}
    | {image for images in STACKS.values() for image in images if is_field(image)}
)


def files_of(image, band):
    """Files of an image: frame, error map, masks and PSFs of a field, else the one it is."""
    if not is_field(image):
        made = coadd_of(image)
        return [f"{RESULTS}/coadds/{made[0]}/{made[1]}.fits" if made else os.path.normpath(image)]
    files = [
        f"{RESULTS}/frames/{image}-{band}.fits",
        f"{RESULTS}/errors/{image}-{band}.fits",
        f"{RESULTS}/frames/{image}.masks.fits",
    ]
    if config["subtraction"]["psf"] == "psfield":
        files.append(f"{RESULTS}/frames/{image}.psField.fit")
    return files


def exposures_of_stack(wildcards):
    """Files of a stack's images, by image_1, image_2 ..."""
    images = STACKS.get((wildcards.stack, wildcards.band))
    if images is None:
        raise InputError(f"stacks: no stack {wildcards.stack} in band {wildcards.band}")
    return {
        f"image_{number}": files_of(image, wildcards.band)
        for number, image in enumerate(images, start=1)
    }


def exposures_of_pair(wildcards):
    """Files of both exposures of a pair in a band."""
    for row in PAIRS:
        if (row.pair, row.band) == (wildcards.pair, wildcards.band):
            break
    else:
        raise InputError(f"pairs: no pair {wildcards.pair} in band {wildcards.band}")
    reference = row.reference
    if len(row.references) > 1:
        stack = COADDED_REFERENCE.format(pair=row.pair)
        reference = f"{RESULTS}/coadds/{stack}/{row.band}.fits"
    return {
        "science": files_of(row.science, row.band),
        "reference": files_of(reference, row.band),
    }


def exposures_left_out():
    """Fields of pairs and stacks that did not come, and why."""
    return read_left_out(checkpoints.exposures.get().output[0]) if EXPOSED else {}


def fields_of(images):
    """Fields that images are made from, those of coadds of this run included."""
    for image in images:
        if is_field(image):
            yield image
        elif coadd_of(image):
            yield from fields_of(STACKS[coadd_of(image)])


def why_left_out(images, missing):
    """Why what is made of some images is left out; None if it is made."""
    reasons = [f"field {name}: {missing[name]}" for name in fields_of(images) if name in missing]
    return reasons[0] if reasons else None


def delivered_pairs():
    """Rows of pairs whose exposures all came."""
    missing = exposures_left_out()
    return [row for row in PAIRS if why_left_out(row.images, missing) is None]


def all_differences(wildcards):
    """The difference image of every pair and band."""
    return [
        f"{RESULTS}/subtraction/{row.pair}/{row.band}/difference.fits" for row in delivered_pairs()
    ]


def bands_of_pair(wildcards):
    """Transients of a pair by band."""
    return [
        f"{RESULTS}/subtraction/{row.pair}/{row.band}/transients.csv"
        for row in delivered_pairs()
        if row.pair == wildcards.pair
    ]


def all_transients(wildcards):
    """The table of what changed, of every pair."""
    pairs = dict.fromkeys(row.pair for row in delivered_pairs())
    return [f"{RESULTS}/subtraction/{pair}/transients.csv" for pair in pairs]


def all_coadds(wildcards):
    """Every coadd whose exposures all came."""
    missing = exposures_left_out()
    return [
        f"{RESULTS}/coadds/{stack}/{band}.fits"
        for (stack, band), images in STACKS.items()
        if why_left_out(images, missing) is None
    ]


def pair_page(wildcards):
    """The page of the one pair that two files are."""
    return f"{RESULTS}/subtraction/{PAIRS[0].pair}/report.html"


def exposed_by():
    """What each pair and stack is called, and the fields that it is made from."""
    named = [(f"pair {row.pair}, {row.band}", row.images) for row in PAIRS]
    named += [(f"stack {stack}, {band}", images) for (stack, band), images in STACKS.items()]
    return [(what, list(fields_of(images))) for what, images in named]


def left_out_of_changes(folder):
    """Pairs and stacks that were left out, each with the reason."""
    listed = folder / "frames/exposures.csv"
    if not EXPOSED or not listed.exists():
        return []
    missing = read_left_out(listed)
    reasons = [(what, why_left_out(fields, missing)) for what, fields in exposed_by()]
    return [(what, reason) for what, reason in reasons if reason]


def first_of_coadds(wildcards):
    """The first image of every coadd that is made."""
    missing = exposures_left_out()
    return [
        files_of(images[0], band)[0]
        for (_, band), images in STACKS.items()
        if why_left_out(images, missing) is None
    ]
