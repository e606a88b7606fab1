"""Change small valid files at random, and hand them to every reader of foreign files.

Run as a program: it prints JSON with the outcomes, the failures and the peak of memory. A reader
must return a result or raise InputError, within `SECONDS` and `MEMORY`.
"""

import argparse
import bz2
import gzip
import io
import json
import os
import re
import resource
import signal
import sys
import time
import zipfile
from pathlib import Path
from typing import NamedTuple

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"  # threads reserve memory
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

import fastavro
import fuzz_answers
import fuzz_exposures
import fuzz_listings
import numpy as np
from astropy.io import fits
from astropy.table import Table
from redpix.core.exceptions import InputError
from redpix.core.field_name import Field
from redpix.demo import camera, fields, sdss_files
from redpix.image.wcs import celestial_wcs
from redpix.io.camera import read_camera
from redpix.io.fits_files import read_image
from redpix.io.tables import read_table
from redpix.io.whole_fits import open_whole
from redpix.photometry.user_mask import read_mask
from redpix.photoz.attributes import Attributes
from redpix.photoz.files import read_model, write_model
from redpix.photoz.learners.base import Training
from redpix.photoz.learners.knn import KNN
from redpix.photoz.learners.tpz import TPZ
from redpix.photoz.model import Model
from redpix.psf.given_model import read_given_model
from redpix.psf.psf_file import read_psf, write_psfs
from redpix.psf.psf_model import PsfModel
from redpix.sdss.archive import accept
from redpix.sdss.fetch import verified_frame
from redpix.sdss.fetch_psfields import check_psfield
from redpix.sdss.frames import SHAPE, mask_spans, masked_pixels

#: limits of one attempt, seconds, and of the whole run, bytes
SECONDS, MEMORY = 10, 1_500_000_000

#: values that a damaged header may state
LIES = (
    *("-1", "0", "1", "3", "1E400", "2147483647", "9223372036854775807", "99999999999999999999"),
    *("NaN", "T", "'text    '", "'open", "", "-32", "64", "'0D      '", "'PE(1)   '", "1000"),
)

DEMO_FIELD = fields.FIELDS[0]


class Hang(BaseException):
    """An attempt took longer than `SECONDS`."""


class Reader(NamedTuple):
    """A reader with a valid file.

    Attributes
    ----------
    name : str
    suffix : str
        Suffix of the file.
    content : bytes
    read : callable
        Takes a path.
    pack : callable
        Makes the file from the content. Half of the mutations change the content before it.
    """

    name: str
    suffix: str
    content: bytes
    read: object
    pack: object = bytes


def fits_bytes(*hdus):
    """Return the content of a FITS file."""
    file = io.BytesIO()
    fits.HDUList(list(hdus)).writeto(file)
    return file.getvalue()


def psfield_table(rng, heap):
    """Return one band of a psField file; the pixels lie in the rows or in the heap."""
    pixels = rng.uniform(1, 2, (2, 81)).astype(np.float32)
    form = "PE()" if heap else "81E"
    stored = pixels
    if heap:
        stored = np.empty(2, object)
        stored[:] = list(pixels)
    return fits.BinTableHDU.from_columns(
        [
            fits.Column("nrow_b", "J", array=[3, 3]),
            fits.Column("ncol_b", "J", array=[3, 3]),
            fits.Column("c", "25E", dim="(5,5)", array=rng.uniform(1, 2, (2, 5, 5))),
            fits.Column("RNROW", "J", array=[9, 9]),
            fits.Column("RNCOL", "J", array=[9, 9]),
            fits.Column("RROWS", form, array=stored),
        ]
    )


def survey_readers(rng):
    """Return the readers of the survey's files."""
    exposure = camera.expose(rng, np.zeros(SHAPE), DEMO_FIELD, "r")
    frame = fits_bytes(*sdss_files.frame_hdus(exposure, DEMO_FIELD, "r"))
    mask = fits_bytes(*sdss_files.mask_hdus(exposure, DEMO_FIELD, "r"))
    number = Field(DEMO_FIELD.run, DEMO_FIELD.camcol, DEMO_FIELD.field)

    def spans(path):
        with open_whole(path, "a survey mask (fpM)") as hdus:
            return masked_pixels(mask_spans(hdus))

    def packed_mask(path):
        accept(path, path.as_uri(), path.with_name("accepted"), lambda _: None)
        return spans(path.with_name("accepted"))

    psfields = [
        Reader(
            f"psField heap={heap}", ".fit", fits_bytes(fits.PrimaryHDU(), *tables), check_psfield
        )
        for heap in (False, True)
        for tables in [[psfield_table(rng, heap) for _ in "ugriz"]]
    ]
    return [
        Reader("frame", ".fits", frame, verified_frame(number, "r")),
        Reader("fpM", ".fit", mask, spans),
        Reader("fpM packed", ".fit.gz", mask, packed_mask, gzip.compress),
        *psfields,
    ]


def image_readers(rng):
    """Return the readers of images, masks and PSFs of a user."""
    header = fits.Header({"EXPTIME": 30.0, "GAIN": 1.5, "RDNOISE": 4.0, "FILTER": "r"})
    header.update(camera.band_wcs(DEMO_FIELD, "r").to_header())
    pixels = rng.integers(0, 60000, (60, 70)).astype(np.uint16)
    plain = fits_bytes(fits.PrimaryHDU(pixels, header))
    tiles = fits_bytes(fits.PrimaryHDU(), fits.CompImageHDU(pixels, header, name="SCI"))

    def hidden(path):
        return read_mask(str(path), pixels.shape)

    def image(path):
        found = read_image(path, planes=("MASK",))
        read_camera(found.header, {}, found.shape)
        celestial_wcs(found.header)

    psf = Path("psf.fits")
    model = PsfModel(rng.uniform(0, 1, (3, 9, 9)), 1, (1.0, 1.0), (10.0, 10.0), 3.0, 20)
    write_psfs(psf, {"r": model}, {"r": "measured"}, {"r": 0.4})
    regions = b"image\ncircle(10,12,5) # star\nbox(30,30,8,6,20)\npolygon(1,1,9,1,5,8)\n"
    return [
        Reader("image", ".fits", plain, image),
        Reader("image gz", ".fits.gz", plain, image, gzip.compress),
        Reader("image bz2", ".fits.bz2", plain, image, bz2.compress),
        Reader("image tiles", ".fits.fz", tiles, image),
        Reader("mask", ".fits", plain, hidden),
        Reader("regions", ".reg", regions, hidden),
        Reader("psf", ".fits", psf.read_bytes(), lambda path: read_psf(path, "r")),
        Reader("PSFEx", ".psf", psfex_model(rng), lambda path: read_given_model(str(path))),
        Reader("alert", ".avro", alert_packet(pixels), read_image),
    ]


def psfex_model(rng):
    """Return a PSFEx model whose PSF depends on x and y."""
    terms = rng.uniform(0, 1, (1, 3, 15, 15)).astype(np.float32)
    column = fits.Column("PSF_MASK", f"{terms[0].size}E", dim="(15,15,3)", array=terms)
    table = fits.BinTableHDU.from_columns([column], name="PSF_DATA")
    table.header.update({"POLDEG1": 1, "PSF_SAMP": 0.7, "ACCEPTED": 40, "PSF_FWHM": 3.0})
    for axis in (1, 2):
        table.header.update({f"POLZERO{axis}": 50.0, f"POLSCAL{axis}": 100.0})
    return fits_bytes(fits.PrimaryHDU(), table)


def alert_packet(pixels):
    """Return an alert packet with a cut-out."""
    kinds = {"jd": "double", "fid": "int", "ra": "double", "dec": "double", "magzpsci": "float"}
    candidate = [{"name": name, "type": kind} for name, kind in kinds.items()]
    cut_out = [{"name": "fileName", "type": "string"}, {"name": "stampData", "type": "bytes"}]
    parts = {"candidate": candidate, "cutoutScience": cut_out}
    fields = [
        {"name": name, "type": {"type": "record", "name": name[:4], "fields": inside}}
        for name, inside in parts.items()
    ]
    schema = fastavro.parse_schema({"type": "record", "name": "alert", "fields": fields})
    packed = gzip.compress(fits_bytes(fits.PrimaryHDU(pixels)), mtime=0)
    record = {"candidate": dict.fromkeys(kinds, 1), "cutoutScience": {"fileName": "a"}}
    record["cutoutScience"]["stampData"] = packed
    file = io.BytesIO()
    fastavro.writer(file, schema, [record], codec="deflate", sync_marker=bytes(16))
    return file.getvalue()


def table_readers(rng):
    """Return the readers of tables and of models."""
    table = Table({"id": np.arange(30) + 2**60, "ra": rng.uniform(0, 360, 30)})
    table["class"] = ["GALAXY", "STAR", "QSO"] * 10
    readers = []
    for kind in ("csv", "ascii.tab", "ascii.ecsv", "fits", "votable", "hdf5", "parquet"):
        path = Path(f"table.{kind}")
        more = {"path": "t"} if kind == "hdf5" else {}
        table.write(path, format=kind, overwrite=True, **more)
        readers.append(
            Reader(kind, ".dat", path.read_bytes(), lambda path: read_table(path, ids=["id"]))
        )
    return readers


def model_readers(rng):
    """Return the readers of models: of the file, of its description and of an array in it."""
    training = Training(
        rng.uniform(0, 1, (40, 4)).astype(np.float32),  # the colours of five bands
        rng.uniform(0, 1, 40),
        np.zeros(40, int),
        np.arange(40),
    )
    grid, settings = np.linspace(0, 1, 21), {"k": 5, "mode": "mean"}
    learner = KNN.fit(training, grid, **settings)
    model = Model(
        "knn", settings, Attributes(("colours",), "ugriz"), grid, {"objects": learner}, {}
    )
    write_model("model.npz", model)
    arrays = model.arrays()

    def with_description(content):
        file = io.BytesIO()
        np.savez(file, **{**arrays, "about": np.array(content.decode("latin-1"))})
        return file.getvalue()

    forest = {"trees": 2, "seed": 1, "mixing": np.eye(4).tolist()}
    learner = TPZ.fit(training, grid, **forest)
    trees = Model("tpz", forest, model.attributes, grid, {"objects": learner}, {}).arrays()
    return [
        Reader("model", ".npz", Path("model.npz").read_bytes(), read_model),
        Reader("about", ".npz", str(arrays["about"]).encode(), read_model, with_description),
        *(array_reader(arrays, name) for name in ("grid", "objects_vectors")),
        *(array_reader(trees, f"objects_redshift_{part}") for part in ("left", "place", "start")),
    ]


def array_reader(arrays, name):
    """Return the reader of a model of which one array is changed."""

    def pack(content):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for key in arrays:
                archive.writestr(f"{key}.npy", content if key == name else npy(arrays[key]))
        return file.getvalue()

    return Reader(name, ".npz", npy(arrays[name]), read_model, pack)


def listing_readers():
    """Return the readers of listings, catalogues, curves and kept records."""
    header = fits.Header({"NAXIS": 2, "NAXIS1": 70, "NAXIS2": 60, "LTV1": 3.0, "LTM1_1": 1.0})
    header.update(camera.band_wcs(DEMO_FIELD, "r").to_header())
    return [
        Reader(name, suffix, file.encode() if isinstance(file, str) else fits_bytes(file), read)
        for name, suffix, file, read in [
            *fuzz_listings.all_files(header),
            *fuzz_answers.answers(),
        ]
    ]


def exposure_readers():
    """Return the readers of images with planes, amplifiers, colours and PSFs."""
    header = camera.band_wcs(DEMO_FIELD, "r").to_header()
    images = [
        Reader(name, ".fits", fits_bytes(*hdus), read)
        for name, hdus, read in fuzz_exposures.images(header)
    ]
    tables = [
        Reader(name, ".csv", text.encode(), read) for name, text, read in fuzz_exposures.sources()
    ]
    return [*images, *tables]


def npy(array):
    """Return the content of an .npy file."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def flipped(rng, content, most):
    """Return a content with some bits turned, among its first `most` bytes."""
    changed = bytearray(content)
    for place in rng.integers(0, min(most, len(content)), rng.choice([1, 3, 24])):
        changed[place] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def lied(rng, content):
    """Return a FITS file with one value of a header replaced, or text with another cell.

    Other files get a flipped bit.
    """
    cards = list(
        re.finditer(rb"(?<![A-Z])([A-Z][A-Z0-9_-]{2,7}) *= [ -~]{60,70}", content[:200_000])
    )
    if not cards and content.isascii():
        cells = list(re.finditer(rb"[^,\t\n]*", content[:100_000]))
        cell = cells[rng.integers(len(cells))]
        word = fuzz_listings.CELLS[rng.integers(len(fuzz_listings.CELLS))].encode()
        return content[: cell.start()] + word + content[cell.end() :]
    if not cards:
        return flipped(rng, content, 400)
    structural = [c for c in cards if re.match(rb"NAXIS|BITPIX|TF|TD|P?GCOUNT|THEAP|Z|C", c[1])]
    chosen = structural if structural and rng.random() < 0.7 else cards
    card = chosen[rng.integers(len(chosen))]
    value = card.start() + 10
    lie = LIES[rng.integers(len(LIES))].encode().rjust(20).ljust(card.end() - value)
    return content[:value] + lie + content[card.end() :]


def mutated(rng, content):
    """Return a content that was flipped, cut, overwritten, repeated or lied about."""
    kind = rng.integers(7)
    first, last = sorted(map(int, rng.integers(0, len(content) + 1, 2)))
    if kind == 0:
        return flipped(rng, content, len(content))
    if kind == 1:
        return flipped(rng, content, 3000)
    if kind == 2:
        return content[:first]
    if kind == 3:
        return content[:first] + bytes(min(last - first, 400)) + content[first + 400 :]
    if kind == 4:
        return content[:first] + content[last:]
    return lied(rng, content)


def damaged(reader, rng):
    """Return a damaged file of a reader."""
    if rng.random() < 0.5:
        return reader.pack(mutated(rng, reader.content))
    return mutated(rng, reader.pack(reader.content))


def outcome(reader, path):
    """Return "result", "refused", or what went wrong."""
    try:
        signal.alarm(SECONDS)
        reader.read(path)
        signal.alarm(0)
    except InputError as error:
        signal.alarm(0)
        return "refused" if "\n" not in str(error) else f"several lines: {error}"
    except Hang:
        return f"longer than {SECONDS} s"
    except Exception as error:
        signal.alarm(0)
        return f"{type(error).__name__}: {error}"
    return "result"


def bound_memory():
    """Limit the memory of this process to `MEMORY` more than it has now."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _alarmed(*_):
    raise Hang


def run(number, seed):
    """Return the outcomes of `number` mutations, dealt out to all readers."""
    rng = np.random.default_rng(seed)
    readers = [*survey_readers(rng), *image_readers(rng)]
    readers += [*table_readers(rng), *model_readers(rng), *listing_readers()]
    readers += exposure_readers()
    for reader in readers:
        path = Path(f"valid{reader.suffix}").absolute()
        path.write_bytes(reader.pack(reader.content))
        reader.read(path)
    signal.signal(signal.SIGALRM, _alarmed)
    bound_memory()
    counts, seconds, failures = {}, {}, []
    for index in range(number):
        reader = readers[index % len(readers)]
        path = Path(f"mutated{reader.suffix}").absolute()
        path.write_bytes(damaged(reader, np.random.default_rng([seed, index])))
        started = time.process_time()
        found = outcome(reader, path)
        seconds[reader.name] = seconds.get(reader.name, 0) + time.process_time() - started
        if found not in ("result", "refused"):
            failures.append(f"{reader.name}, mutation {index}: {found}")
            found = "failed"
        kept = counts.setdefault(reader.name, {})
        kept[found] = kept.get(found, 0) + 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"counts": counts, "failures": failures, "peak": peak, "seconds": seconds}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("number", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", required=True)
    given = parser.parse_args()
    os.chdir(given.folder)
    json.dump(run(given.number, given.seed), sys.stdout)
