"""Read the data-quality HDU beside an image: a mask whose bits follow an observatory's convention.

Bits that are not listed mark usable pixels, such as warm pixels and detected sources. Sources: HST
ACS and WFC3 data handbooks; JWST `datamodels.dqflags`; DRAGONS `DQ`; the NOIRLab data handbook
(community pipelines); DESDM (Morganson et al. 2018, table 9); the ZTF Science Data System's
explanatory supplement; LCO's BANZAI.
"""

from typing import NamedTuple

import numpy as np

from redpix.image.mask_bits import bit_names
from redpix.image.masks import BITS, DTYPE, bit_value, translated_mask
from redpix.io.fits_files import read_header, read_image
from redpix.io.plane_names import MASK_PLANES

#: share of masked pixels from which a mask of unnamed bits is not believed
MOST_MASKED = 0.5

#: names of HDUs whose values are bad if they are not 0
_PLAIN = ("MASK", "MSK", "BPM", "BADPIX")


class Convention(NamedTuple):
    """Meaning of the values of a mask.

    Attributes
    ----------
    words : str
        Whose it is.
    values : dict of int to str
        Values of single bits, or codes: names of `redpix.image.masks.BITS`.
    codes : bool
        Whether a value is a code, not a sum of bits.
    """

    words: str
    values: dict
    codes: bool = False


#: bits of the cameras of HST: decoding errors, fill values, bad, hot and unstable pixels, bias
#: structure, charge traps; full wells; cosmic rays of two programs; ghosts
_HST = Convention(
    "HST",
    dict.fromkeys((1, 2, 4, 8, 16, 32, 128, 512, 1024), "BAD")
    | dict.fromkeys((256, 2048), "SATURATED")
    | dict.fromkeys((4096, 8192), "COSMIC_RAY")
    | {16384: "GHOST"},
)

#: bits of JWST: a pixel that is not to be used; the rest is corrected
_JWST = Convention("JWST", {1: "BAD"})

#: bits of DRAGONS: values that are not linear are usable
_GEMINI = Convention(
    "Gemini's DRAGONS",
    {1: "BAD", 4: "SATURATED", 8: "COSMIC_RAY", 16: "NO_DATA", 64: "NO_DATA"},
)

#: codes of the community pipelines of NOIRLab since version 3.5; 7 is what changed
_COMMUNITY_CODES = Convention(
    "the community pipeline (codes)",
    {1: "BAD", 2: "NO_DATA", 3: "SATURATED", 4: "SATURATED", 5: "COSMIC_RAY", 6: "BAD", 8: "BAD"},
    codes=True,
)

#: bits of the same pipelines before; 128 is what changed
_COMMUNITY_BITS = Convention(
    "the community pipeline (bits)",
    {1: "BAD", 2: "SATURATED", 4: "INTERPOLATED", 16: "COSMIC_RAY", 64: "SATURATED"},
)

#: bits of the Dark Energy Survey; near edges, suspect and repaired pixels are usable
_DES = Convention(
    "DES",
    {
        **dict.fromkeys((1, 8, 256, 512, 1024), "BAD"),
        **dict.fromkeys((2, 64, 128), "SATURATED"),
        4: "INTERPOLATED",
        16: "COSMIC_RAY",
    },
)

#: bits of ZTF; 2 and 2048 mark sources
_ZTF = Convention(
    "ZTF",
    {
        **dict.fromkeys((1, 4, 8, 16, 512), "BAD"),
        **dict.fromkeys((32, 4096), "GHOST"),
        128: "COSMIC_RAY",
        256: "SATURATED",
        1024: "NO_DATA",
    },
)

#: bits of BANZAI
_LCO = Convention("LCO's BANZAI", {1: "BAD", 2: "SATURATED", 4: "BAD"})

#: instruments of NOIRLab's community pipelines, and of DRAGONS, as INSTRUME has them
_COMMUNITY = ("DECAM", "MOSAIC", "90PRIME", "NEWFIRM")
_DRAGONS = ("GMOS", "NIRI", "F2", "GNIRS", "GSAOI", "NIFS", "GHOST", "IGRINS")


def convention_of(header, values):
    """Return the convention of a mask by the observatory that its header names.

    Parameters
    ----------
    header : Mapping
        Cards of the mask and of its file.
    values : ndarray of int
        Values of the mask.

    Returns
    -------
    Convention or None
        None for an observatory whose convention is unknown.
    """
    keys = "INSTRUME", "TELESCOP", "ORIGIN"
    camera, telescope, origin = (str(header.get(key, "")).strip().upper() for key in keys)
    if "DES_EXT" in header:
        return _DES
    if camera.startswith(_COMMUNITY):
        codes = _COMMUNITY_CODES.values
        return _COMMUNITY_CODES if np.max(values, initial=0) <= max(codes) else _COMMUNITY_BITS
    if camera.startswith("ZTF"):
        return _ZTF
    if telescope.startswith("GEMINI") and camera.startswith(_DRAGONS):
        return _GEMINI
    fitting = {"HST": _HST, "JWST": _JWST}.get(telescope)
    return _LCO if fitting is None and origin.startswith("LCO") else fitting


def quality_mask(values, header, name, path=None, band=None):
    """Return the mask that a data-quality HDU states, in the bits of this project.

    Parameters
    ----------
    values : ndarray of int, shape (ny, nx)
        Mask in which 0 is good.
    header : Mapping
        Cards of the HDU, followed by those of the primary HDU.
    name : str
        Name of the HDU.
    path : str, optional
        File that the user gives as a mask: it is believed, however many pixels it masks.
    band : str, optional
        Band of the image, for masks whose bits name bands.

    Returns
    -------
    mask : ndarray, shape (ny, nx), int16
    remarks : list of str
        What was assumed.
    """
    # None is a named bit of usable pixels
    if {None, *BITS} & set(bit_names(header, band).values()):
        return translated_mask(values, header, band), []
    values = np.nan_to_num(values, nan=1).astype(np.int64)
    convention = convention_of(header, values)
    if convention is not None:
        mask = _by_convention(values, convention)
        which = f"the mask {path}" if path else f"the HDU {name}"
        words = f"is read by the convention of {convention.words}"
        return mask, [f"{which} {words}: {np.count_nonzero(mask)} pixels are masked"]
    bad = values != 0
    share = np.mean(bad)
    ways = (
        f"cards such as BIT2 = 'SATURATED' in the HDU {name} name its bits ({', '.join(BITS)}), "
        "and bits without a card mark usable pixels"
    )
    if share > MOST_MASKED and not path:
        remark = f"the HDU {name} is not 0 in {100 * share:.0f} % of the pixels and is not used"
        return np.zeros(values.shape, DTYPE), [f"{remark}: in a mask, 0 is good; {ways}"]
    mask = np.where(bad, bit_value("BAD"), 0).astype(DTYPE)
    if path or name in _PLAIN or not bad.any():
        return mask, []
    return mask, [
        f"the HDU {name} is read as a mask: every value except 0 is bad, {np.count_nonzero(bad)} "
        f"pixels; {ways}"
    ]


def _by_convention(values, convention):
    """Return a mask whose values have the meaning of a convention."""
    mask = np.zeros(values.shape, DTYPE)
    for value, name in convention.values.items():
        chosen = values == value if convention.codes else (values & value) != 0
        mask[chosen] |= bit_value(name)
    return mask


def mask_plane(planes):
    """Return the name of the first mask among HDUs; None without one.

    Parameters
    ----------
    planes : collection of str
        Names of HDUs.

    Returns
    -------
    str or None
    """
    return next((name for name in MASK_PLANES if name in planes), None)


def mask_of_file(path, shape):
    """Return the mask that lies beside an image in its file.

    Parameters
    ----------
    path : str
        FITS file, which may name an HDU.
    shape : (int, int)
        Rows and columns of the image.

    Returns
    -------
    mask : ndarray, shape `shape`, int16, or None
        None if the file has no mask of this shape.
    remarks : list of str
        What was assumed.
    """
    name = mask_plane(read_header(path).names)
    if name is None:
        return None, []
    planes = read_image(path, (MASK_PLANES,)).planes
    name = mask_plane(planes) or name
    if name not in planes or planes[name].pixels.shape != tuple(shape):
        return None, [f"the HDU {name} has not the size of the image and is not used"]
    return quality_mask(planes[name].pixels, planes[name].header, name)
