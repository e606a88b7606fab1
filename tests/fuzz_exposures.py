"""Valid images with planes, amplifiers, colours and PSFs, for `fuzz_readers`."""

import numpy as np
from astropy.io import fits
from redpix.config.given_frame import GivenFrame
from redpix.image.exposure_file import read_fits_exposure
from redpix.injection.choose_sources import select_sources
from redpix.injection.sources import galaxy_table, point_table
from redpix.photometry.raw_image import read_raw
from redpix.pixels.given_band import read_band
from redpix.psf.given_model import read_given_model

SHAPE = (60, 70)

#: settings of an exposure whose camera is in its header
SETTINGS = {"background_mesh": 32}


def sky():
    """Return the pixels of a plain sky with some stars."""
    rng = np.random.default_rng(6)
    pixels = rng.normal(300, 17, SHAPE)
    y, x = np.indices(SHAPE)
    for row, column in rng.uniform(5, 55, (8, 2)):
        pixels += 4000 * np.exp(-((y - row) ** 2 + (x - column) ** 2) / 8)
    return pixels.astype(np.float32)


def with_planes(header):
    """Return an image with variance and mask, as the LSST pipelines write it."""
    mask = fits.Header({"MP_BAD": 0, "MP_SAT": 1, "MP_DETECTED": 5})
    columns = [
        fits.Column("calibrationMean", "D", array=[27.0]),
        fits.Column("isConstant", "L", array=[True]),
    ]
    return fits.HDUList(
        [
            fits.PrimaryHDU(header=fits.Header({"FILTER": "r", "EXPTIME": 30.0})),
            fits.ImageHDU(sky(), header, name="IMAGE"),
            fits.ImageHDU(np.zeros(SHAPE, np.int32), mask, name="MASK"),
            fits.ImageHDU(np.full(SHAPE, 300, np.float32), name="VARIANCE"),
            fits.BinTableHDU(name="ARCHIVE_INDEX"),
            fits.BinTableHDU.from_columns(columns, name="ARCHIVE_DATA"),
        ]
    )


def frame(header):
    """Return an image whose zero point is in its header."""
    return fits.HDUList([fits.PrimaryHDU(sky(), header)])


def amplifiers():
    """Return an image with one HDU per amplifier."""
    hdus = [fits.PrimaryHDU()]
    for place, gain in enumerate((1.5, 1.6)):
        cards = {"DETSEC": f"[{35 * place + 1}:{35 * place + 35},1:60]", "GAIN": gain}
        cards |= {"BIASSEC": "[1:8,1:60]", "DATASEC": "[9:43,1:60]"}
        pixels = np.pad(sky()[:, :35], ((0, 0), (8, 0)), constant_values=900)
        hdus.append(fits.ImageHDU(pixels, fits.Header(cards)))
    return fits.HDUList(hdus)


def two_amplifiers():
    """Return an image with two amplifiers in one HDU."""
    cards = {"GAINA": 1.5, "GAINB": 1.8, "BIASSECA": "[1:8,1:60]", "TRIMSECA": "[9:35,1:60]"}
    cards |= {"BIASSECB": "[63:70,1:60]", "TRIMSECB": "[36:62,1:60]"}
    return fits.HDUList([fits.PrimaryHDU(sky(), fits.Header(cards))])


def mosaic():
    """Return an image of a camera with a mosaic of colours."""
    cards = {"BAYERPAT": "RGGB", "XBAYROFF": 0, "YBAYROFF": 0, "IMAGETYP": "Light Frame"}
    return fits.HDUList([fits.PrimaryHDU(sky().astype(np.uint16), fits.Header(cards))])


def cube():
    """Return a cube of three colours."""
    return fits.HDUList([fits.PrimaryHDU(np.stack([sky()] * 3).astype(np.int16))])


def psf():
    """Return an image of a PSF."""
    y, x = np.indices((25, 25)) - 12
    return fits.HDUList([fits.PrimaryHDU(np.exp(-(y**2 + x**2) / 8).astype(np.float32))])


def images(header):
    """Return name, content and reader of images.

    Parameters
    ----------
    header : astropy.io.fits.Header
        WCS.

    Returns
    -------
    list of (str, astropy.io.fits.HDUList, callable)
    """
    header = header.copy(strip=True)
    header.update({"EXPTIME": 30.0, "GAIN": 1.5, "RDNOISE": 4.0, "FILTER": "r", "MAGZERO": 26.0})
    row = GivenFrame("f", "r", "", zero_point=26.0, gain=1.5, wavelength=6200.0)

    def band(path):
        return read_band(row._replace(image=str(path)))

    def exposure(path):
        return read_fits_exposure(str(path), SETTINGS)

    return [
        (
            "LSST image",
            with_planes(header),
            lambda path: read_band(GivenFrame("f", "r", str(path))),
        ),
        ("given frame", frame(header), band),
        ("exposure", frame(header), exposure),
        ("exposure with planes", with_planes(header), exposure),
        ("amplifiers", amplifiers(), lambda path: read_raw(str(path))),
        ("two amplifiers", two_amplifiers(), lambda path: read_raw(str(path))),
        ("mosaic", mosaic(), lambda path: read_raw(f"{path}[G]")),
        ("cube", cube(), lambda path: read_raw(f"{path}[R]")),
        ("image of a PSF", psf(), lambda path: read_given_model(str(path))),
    ]


def sources():
    """Return name, content and reader of tables of sources to inject."""
    rng = np.random.default_rng(7)
    points = "kind,ra,dec,g,r\n" + "star,150.1,2.2,20,19.5\ntransient,150.2,2.1,21,20.5\n" * 10
    galaxies = "redshift,flux_g,flux_r,bulge_fraction,ra,dec\n" + "0.2,9,8,0.4,150,2\n" * 20

    def select(read):
        return lambda path: select_sources(rng, str(path), 5, read, None)

    return [
        ("points", points, select(lambda table: point_table(table, "gr"))),
        ("galaxies to inject", galaxies, select(lambda table: galaxy_table(table, "gr"))),
    ]
