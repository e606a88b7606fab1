"""Valid files of listings, catalogues, curves and kept records, for `fuzz_readers`."""

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from astropy.io import fits
from astropy.table import Table
from redpix.catalogue.build import build
from redpix.catalogue.origins import read_rows
from redpix.catalogue.services import answer_of
from redpix.catalogue.sfd_maps import reddening
from redpix.config.frames_table import read_frames_table
from redpix.config.images_table import read_images
from redpix.config.pairs_table import read_pairs, read_stacks
from redpix.config.photoz_tables import read_listing
from redpix.core.exceptions import InputError
from redpix.core.provenance import records
from redpix.demo import camera, fields
from redpix.image.wcs import celestial_wcs
from redpix.photometry.exposure_image import read_mask
from redpix.photometry.night_plan import NightPlan
from redpix.photometry.raw_image import read_raw
from redpix.photometry.sort_night import described
from redpix.photometry.star_catalogue import read_star_catalogue
from redpix.photometry.survey_zero_point import at_epoch, read_survey
from redpix.photoz.table_input import read as read_magnitudes
from redpix.simulation.files import read_curves, read_distance, read_galaxies, read_spectra
from redpix.subtraction.identify import candidates_of_bodies, read_catalogues
from redpix.subtraction.known_bodies import COLUMNS, bodies_of
from redpix.subtraction.marked_score import read_marks
from redpix.subtraction.object_list import read_object_list

SCHEMAS = Path(__file__).resolve().parents[1] / "workflow/schemas"

#: what a person may type into a cell
CELLS = (
    *("", "nan", "inf", "-1", "0", "1e400", "99999999999999999999", "1,5", "3.0", "12:30:00"),
    *("é", '"', "'", "../x", "a b", "{a}", "NULL", "None", "TRUE", "2026-02-30", "x" * 300, "#"),
)


def first_line(read):
    """Return a reader that raises the first of several lines: a listing has one per fault."""

    def first(path):
        try:
            return read(path)
        except InputError as error:
            raise InputError(str(error).splitlines()[0]) from None

    return first


def schema(name):
    """Return a schema of a table."""
    return yaml.safe_load((SCHEMAS / f"{name}.schema.yaml").read_text(encoding="utf-8"))


def listings():
    """Return name, content and reader of the listings that a user writes."""
    rules = {name: schema(name) for name in ("pairs", "stacks", "images", "frames", "objects")}

    def there(path):
        return True

    Path("t.csv").write_text("u,g,r,z\n1,2,3,0.1\n", encoding="utf-8")

    def objects(path):
        build(read_rows(path), rules["objects"], str(path), 2.0)

    return [
        (
            "pairs",
            "pair\tband\tscience\treference\tgain\treference_gain\nn1\tr\ta.fits\tb.fits\t1.5\t2\n"
            "n2\tg\t9001-3-100\t9002-4-57\t\t\n",
            lambda path: read_pairs(path, rules["pairs"], "ugriz", there),
        ),
        (
            "stacks",
            "stack\tband\timage\ns1\tr\ta.fits\ns1\tr\tb.fits\ns2\tg\tc.fits\ns2\tg\td.fits\n",
            lambda path: read_stacks(path, rules["stacks"], "ugriz", there),
        ),
        (
            "images",
            "image\tpath\tdark\tflat\tfield\tgain\na\ta.fits\td.fits\tf.fits\tm13\t1.5\n"
            "b\tb.fits\t\t\tm13\t\n",
            lambda path: read_images(path, rules["images"], "ugriz", there),
        ),
        (
            "frames",
            "field\tband\timage\tzero_point\twavelength\nf1\tg\ta.fits\t25\t4800\n"
            "f1\tr\tb.fits\t25.5\t6200\nf2\tg\tc.fits\t25\t4800\nf2\tr\td.fits\t25\t6200\n",
            lambda path: read_frames_table(str(path), rules["frames"]),
        ),
        (
            "photoz listing",
            "name\ttrain\ttest\tmagnitudes\na\tt.csv\tt.csv\tu,g,r\nb\tt.csv\t\t\n",
            lambda path: read_listing(str(path)),
        ),
        ("objects", objects_table(), objects),
        (
            "object list",
            "name,ra,dec,type\nSN1,150.1,2.2,SN\nV2,10:00:01,+02:10:11,RRLyr\n",
            lambda path: read_object_list(str(path)),
        ),
        (
            "marks",
            "pair,band,x,y,ra,dec,mark\np,r,10.5,20.1,150.1,2.2,real\np,g,1,2,150.2,2.1,bogus\n",
            lambda path: read_marks(str(path)),
        ),
    ]


def objects_table():
    """Return a catalogue of objects as CSV."""
    rng = np.random.default_rng(3)
    rows = {"id": np.arange(20) + 2**60, "run": 9001, "camcol": 3, "field": 100}
    rows |= {"ra": rng.uniform(150, 151, 20), "dec": rng.uniform(2, 3, 20), "class": "GALAXY"}
    rows |= {"redshift": rng.uniform(0, 1, 20), "redshift_error": 1e-4}
    for band in "ugriz":
        rows |= {f"mag_{band}": rng.uniform(17, 21, 20), f"err_{band}": 0.05}
        rows |= {f"x_{band}": rng.uniform(0, 2000, 20), f"y_{band}": rng.uniform(0, 1400, 20)}
    return pd.DataFrame(rows).to_csv(index=False)


def catalogues():
    """Return name, content and reader of tables of numbers that a user brings."""
    rng = np.random.default_rng(4)
    wcs = celestial_wcs(fits.Header(camera.band_wcs(fields.FIELDS[0], "r").to_header()))
    ra, dec = wcs.wcs_pix2world(rng.uniform(0, 1000, 20), rng.uniform(0, 1000, 20), 0)
    stars = pd.DataFrame({"ra": ra, "dec": dec, "r": rng.uniform(14, 18, 20)})
    magnitudes = pd.DataFrame({band: rng.uniform(17, 21, 60) for band in "ugriz"})
    magnitudes = magnitudes.assign(z=rng.uniform(0, 1, 60), id=np.arange(60))
    wave = np.linspace(3000, 9000, 12)
    bell = np.exp(-(((wave - 6000) / 900) ** 2))
    red = np.linspace(0.01, 4, 12)
    galaxies = {
        "z_in": 0.2, "z_out": 0.5, "magnitude": 18, "bulge_fraction": 0.4, "bulge_radius": 1.0,
        "disk_radius": 2.0, "sersic": 4, "axis_ratio": 0.7, "position_angle": 10, "bulge_sed": "a",
        "disk_sed": "b",
    }  # fmt: skip
    pairs = {"wavelength": wave, "response": bell}, {"wavelength": wave, "a": bell, "b": wave}
    distance = {"redshift": red, "luminosity_distance": 4000 * red}
    return [
        ("stars", stars, lambda path: read_star_catalogue(str(path), "r", wcs)),
        ("magnitudes", magnitudes, lambda path: read_magnitudes(str(path), warn=lambda _: None)),
        ("curve", pd.DataFrame(pairs[0]), lambda path: read_curves([str(path)])),
        ("spectra", pd.DataFrame(pairs[1]), lambda path: read_spectra([str(path)])),
        ("distance", pd.DataFrame(distance), lambda path: read_distance(str(path))),
        (
            "galaxies",
            pd.DataFrame([galaxies] * 3),
            lambda path: read_galaxies(str(path), ("a", "b")),
        ),
    ]


def kept_tables():
    """Return name, content and reader of answers of services that a run keeps."""
    stars = Table({"ra": [150.1, 150.2], "dec": [2.1, 2.2], "pmra": [1.0, 2.0], "pmdec": [0.0, 1]})
    stars["r"], stars["r_error"], stars["colour"] = [15.0, 16], [0.1, 0.1], [0.5, 0.6]
    stars.meta |= {"survey": "gaia", "state": "complete", "failed": "", "epoch": 2000.0}
    bodies = Table()
    for name, kind in COLUMNS.values():
        bodies[name] = ["Ceres", "Vesta"] if kind is str else [150.1, 2.2]
    bodies["mjd"], bodies.meta["exposures"] = 59000.0, [["r", "science", 59000.0, [1.0, 2.0, 3.0]]]

    def survey(path):
        table = read_survey(str(path))
        if table is not None:
            at_epoch(table, 59000.0)

    return [
        ("kept stars", ecsv(stars), survey),
        ("kept bodies", ecsv(bodies), lambda path: bodies_at(read_catalogues([str(path)], [], []))),
        ("SkyBoT", votable_of_bodies(), skybot),
    ]


def bodies_at(catalogues):
    """Place the bodies of a kept table at the time of an exposure."""
    list(candidates_of_bodies(catalogues.bodies, "r", "science", 1.0))


def ecsv(table):
    """Return a table as ECSV."""
    text = io.StringIO()
    table.write(text, format="ascii.ecsv")
    return text.getvalue()


def votable_of_bodies():
    """Return an answer in the form of SkyBoT's."""
    table = Table()
    for name, (_, kind) in COLUMNS.items():
        table[name] = ["a", "b"] if kind is str else [150.0, 2.0]
    file = io.BytesIO()
    table.write(file, format="votable")
    return file.getvalue().decode()


def skybot(path):
    """Read an answer of SkyBoT, as the request does."""
    text = path.read_text(encoding="utf-8", errors="replace")
    answer_of("SkyBoT", lambda: bodies_of(text, 59000.0))


def records_of_jobs(path):
    """Read a record of provenance."""
    folder = path.parent / "results/run/provenance/rule"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "all.json").write_bytes(path.read_bytes())
    list(records(folder.parents[1]))


def raw_frame():
    """Return header and pixels of a raw frame."""
    header = fits.Header({"IMAGETYP": "Light Frame", "EXPTIME": 30.0, "GAIN": 1.5, "FILTER": "r"})
    header.update(
        {"DATE-OBS": "2026-01-02T03:04:05", "CCD-TEMP": -10.0, "XBINNING": 1, "YBINNING": 1}
    )
    header.update({"OBJECT": "M 13", "BIASSEC": "[61:70,1:60]", "TRIMSEC": "[1:60,1:60]"})
    header.update({"RA": "16 41 41", "DEC": "+36 27 35", "SITELAT": 50.0, "SITELONG": 8.0})
    return header, np.random.default_rng(5).integers(300, 400, (60, 70)).astype(np.uint16)


def night(path):
    """Sort a raw frame by its header, and read its pixels."""
    frame = described(str(path))
    NightPlan([frame]).uses()
    read_raw(str(path))


def dust(path):
    """Read a map of dust."""
    reddening([str(path)], np.array([190.0, 200.0]), np.array([30.0, 50.0]))


def dust_map():
    """Return a small map of the northern hemisphere."""
    header = fits.Header({"LAM_NSGP": 1, "LAM_SCAL": 32, "CRPIX1": 32.5, "CRPIX2": 32.5})
    header.update({"CTYPE1": "LAMBERT--X", "CTYPE2": "LAMBERT--Y"})
    return fits.PrimaryHDU(np.full((64, 64), 0.05, np.float32), header)


def regions_on_sky(header):
    """Return regions on the sky, and their reader."""
    text = (
        "# Region file format: DS9\nglobal color=green\nfk5\ncircle(150.1,2.2,5\")\n"
        "ellipse(10:00:01,+2:10:11,5\",3\",20) # text={a}\ngalactic\nbox(120,40,8\",6\",20)\n"
        "physical;annulus(10,20,3,5)\npolygon(1,1,9,1,5,8)\n"
    )  # fmt: skip
    return text, lambda path: read_mask(str(path), (60, 70), header)


def all_files(header):
    """Return name, suffix, content and reader of all files of this module.

    Parameters
    ----------
    header : astropy.io.fits.Header
        Header of an image with a WCS, for regions on the sky.

    Yields
    ------
    (str, str, str or HDU, callable)
    """
    for name, text, read in listings():
        yield name, ".tsv", text, first_line(read)
    for name, table, read in catalogues():
        yield name, ".csv", table.to_csv(index=False), read
    for name, text, read in kept_tables():
        yield name, ".ecsv", text, read
    text, read = regions_on_sky(header)
    yield "regions on the sky", ".reg", text, read
    entry = {"sha256": "0" * 64, "bytes": 1}
    made = {"rule": "rule", "wildcards": {}, "outputs": {"results/run/a.csv": entry}, "code": {}}
    made |= {"inputs": {"a.fits": "0" * 64}, "threads": 1, "parameters": {}, "versions": {}}
    yield "record", ".json", json.dumps(made, indent=1), records_of_jobs
    cards, pixels = raw_frame()
    yield "raw frame", ".fits", fits.PrimaryHDU(pixels, cards), night
    yield "dust", "_ngp.fits", dust_map(), dust
