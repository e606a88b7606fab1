"""Images whose stars are measured: what the table says of each, and where their files are."""

from redpix.config.images_table import FILES, fields, read_images


def images(path, bands):
    """Rows of a table of images; those of the demo's own table are simulated among the results."""
    simulated = path == resource("demo/images.tsv")
    exists = (lambda name: True) if simulated else os.path.isfile
    rows = user_table(
        "images", path, lambda source, schema: read_images(source, schema, bands, exists)
    )
    return [row.within(RESULTS) for row in rows] if simulated else rows


IMAGES = {} if ALONE else {row.image: row for row in rows_of("images", images)}
FIELDS_OF_IMAGES = {
    name: [row.image for row in rows]
    for name, rows in fields(IMAGES.values()).items()
    if len(rows) > 1
}
# images that have light curves: those of fields with several, measured with a PSF
if config["photometry"]["mode"] == "simple":
    FIELDS_OF_IMAGES = {}
EXPOSURES = [image for images in FIELDS_OF_IMAGES.values() for image in images]


def light_curves():
    """The light curves, where there are any."""
    names = ("lightcurves", "scatter") if EXPOSURES else ()
    return [f"{RESULTS}/photometry/{name}.csv" for name in names]


def image_row(name):
    """What the table of images says of one, as a plain value."""
    row = IMAGES[name]
    return {**row._asdict(), "frame": row.frame}


def files_of_image(wildcards):
    """Files that an image is calibrated from."""
    row = IMAGES[wildcards.image]
    given = {name: getattr(row, name) for name in FILES if name != "catalogue"}
    paths = {name: path for name, path in given.items() if path}
    if row.frame is None:
        return {"image": row.path, **paths}
    field, band = row.frame
    paths["image"] = f"{RESULTS}/frames/{field}-{band}.fits"
    paths["errors"] = f"{RESULTS}/errors/{field}-{band}.fits"
    paths["masks"] = f"{RESULTS}/frames/{field}.masks.fits"
    return paths


def calibration_settings():
    """What the configuration says of calibration."""
    photometry = config["photometry"]
    chosen = {key: photometry[key] for key in ("flat", "scale_dark", "background_mesh")}
    chosen["camera"] = config["exposures"]
    # the course's pipeline has no step for cosmic rays
    chosen["cosmic_rays"] = photometry["cosmic_rays"] and photometry["mode"] == "full"
    return chosen


def raw_images():
    """Every image as it came."""
    return [
        f"{RESULTS}/frames/{'-'.join(row.frame)}.fits" if row.frame else row.path
        for row in IMAGES.values()
    ]


def image_products(suffix):
    """A product of every image."""
    return [f"{RESULTS}/photometry/{name}{suffix}" for name in IMAGES]
