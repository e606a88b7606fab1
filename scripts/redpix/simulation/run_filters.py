"""Filter curves of the bands of a run: those that the user names, or else those of the names."""

import re

import numpy as np

from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.simulation import seds
from redpix.simulation.files import read_curves, wavelengths

#: filters of speclite of a survey or camera, by the start of a band's name in lower case
_GROUPS = {
    "sdss": "sdss2010",
    "hsc": "hsc2017",
    "lsst": "lsst2023",
    "rubin": "lsst2023",
    "decam": "decam2014",
    "des": "decam2014",
    "ps1": "panstarrs",
    "panstarrs": "panstarrs",
    "megacam": "cfht_megacam",
    "cfht": "cfht_megacam",
    "bass": "BASS",
    "mzls": "MzLS",
    "euclid": "Euclid",
    "suprime": "suprime",
}

#: filters of speclite of a letter alone
_LETTERS = {band: f"sdss2010-{band}" for band in "ugriz"}
_LETTERS |= {"y": "lsst2023-y", "Y": "decam2014-Y"}
_LETTERS |= {band: f"bessell-{band}" for band in "UBVRI"}

#: largest difference of a filter's wavelength from that of the table, fraction
_FARTHEST = 0.1


def run_filters(bands, filters, given, z_out, key="training_images.filters"):
    """Return the filter curves of the bands of a run.

    Parameters
    ----------
    bands : sequence of str
        Names of the bands.
    filters : sequence of str or None
        One per band: u, g, r, i, z of SDSS, names of speclite's filters, or paths of tables. None:
        by the names of the bands.
    given : mapping of str to float or None
        Effective wavelengths that the user's table of images states, Angstrom. None: frames of
        SDSS.
    z_out : float
        Largest redshift of the galaxies that are drawn or made.
    key : str, optional
        Key of the filters, for messages.

    Returns
    -------
    names : list of str
    curves : list of speclite.filters.FilterResponse

    Raises
    ------
    InputError
        If a filter is unknown, contradicts the wavelength, or reaches beyond the spectra.
    """
    if filters is None:
        names = [_by_name(band, key) for band in bands]
    elif len(filters) == len(bands):
        names = list(filters)
    else:
        raise InputError(
            f"{key}: {len(filters)} filters for {len(bands)} bands; allowed: one "
            f"per band, in the order {', '.join(bands)}"
        )
    curves = []
    for band, name in zip(bands, names, strict=True):
        curve = read_curves([name], key)[1][0]
        _check_wavelength(band, name, curve, (given or {}).get(band), key)
        _check_reach(name, curve, z_out, key)
        if filters is None and given is not None:
            log.warning("band %s: filter %s, by its name; %s can name another", band, name, key)
        curves.append(curve)
    return names, curves


def _by_name(band, key):
    """Return the filter that the name of a band names."""
    from speclite.filters import load_filter  # slow to import

    if band in _LETTERS:
        return _LETTERS[band]
    start, _, last = re.fullmatch(r"(.*?)([-_. ]?)([^-_. ]*)", band).groups()
    group = _GROUPS.get(re.sub(r"[\W_]", "", start.lower()))
    for name in (band, f"{group}-{last}" if group else ""):
        try:
            load_filter(name)
        except (ValueError, OSError):
            continue
        return name
    raise InputError(
        f"{key}: null: the name of band {band} does not name a filter; allowed: "
        "a list of one filter per band: u, g, r, i, z, a filter of speclite such as decam2014-g, "
        "or the path of a table"
    )


def _check_wavelength(band, name, curve, given, key):
    """Refuse a filter whose wavelength is far from that of the user's table."""
    (wavelength,) = wavelengths([curve])
    if given is not None and abs(wavelength / given - 1) > _FARTHEST:
        raise InputError(
            f"{key}: {name}: its wavelength is {wavelength:.0f} Angstrom, and "
            f"frames states {given:g} for band {band}; allowed: the filter of the band"
        )


def _check_reach(name, curve, z_out, key):
    """Refuse a filter that the templates do not cover at all redshifts."""
    first, last = curve.wavelength[[0, -1]]
    least, most = seds.WAVELENGTH[0] * (1 + z_out), seds.WAVELENGTH[-1]
    if first < least or last > most:
        raise InputError(
            f"{key}: {name}: it reaches from {first:.0f} to {last:.0f} Angstrom; "
            f"allowed: {np.ceil(least):.0f}, at redshift {z_out:g}, to {most:.0f}"
        )
