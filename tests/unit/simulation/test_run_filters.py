"""Galaxies of other surveys' frames at another redshift: filters by name or as the user says."""

import json

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from galaxies_of_frames import redshifting_job, write_seeing
from redpix.core.exceptions import InputError
from redpix.simulation import redshifting, seds
from redpix.simulation.files import read_distance
from redpix.simulation.redshift_frames import redshift_galaxies
from redpix.simulation.run_filters import run_filters
from speclite.filters import load_filters

BANDS = ["HSC-g", "HSC-r", "HSC-i", "HSC-z", "HSC-y"]
Z_IN, Z_OUT = 0.15, 0.35


def light_of(kind, redshift):
    """Fluxes of a template in the filters of HSC, through speclite alone."""
    curves = load_filters("hsc2017-g", "hsc2017-r", "hsc2017-i", "hsc2017-z", "hsc2017-y")
    spectrum = seds.template_spectra()[kind]
    return seds.ab_fluxes(seds.WAVELENGTH, spectrum[None], redshift, curves)[0]


def write_survey_field(folder, name, kind, unit="nanomaggy"):
    """Write one galaxy of a template; the second field's name begins with that of the first."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval, wcs.wcs.crpix = ["RA---TAN", "DEC--TAN"], [150, 2], [30, 30]
    wcs.wcs.cd = np.diag([-0.2, 0.2]) / 3600
    rows, columns = np.indices((59, 59)) - 29
    profile = np.exp(-(rows**2 + columns**2) / 32)
    light = light_of(kind, Z_IN)
    for band, flux in zip(BANDS, 100 * light / light[1], strict=True):
        parts = (flux * profile, np.full(profile.shape, 1e-3), np.zeros(profile.shape, np.int16))
        header = wcs.to_header()
        header["BUNIT"] = unit
        hdus = [
            fits.ImageHDU(part.astype(np.float32), header, name=key)
            for key, part in zip(("SCI", "ERR", "MASK"), parts, strict=True)
        ]
        fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(folder / f"{name}-{band}.fits")
    segments = (np.hypot(rows, columns) < 15).astype(np.int32)
    fits.PrimaryHDU(segments).writeto(folder / f"{name}.seg.fits")
    write_seeing(folder / f"{name}.psf.fits", dict.fromkeys(BANDS, 0.7), 0.2)


def survey_job(folder, kinds, unit="nanomaggy", **changes):
    """Return the keywords of the function for fields that hold one galaxy each."""
    rows = []
    for number, (name, kind) in enumerate(kinds.items()):
        write_survey_field(folder, name, kind, unit)
        row = {"id": number, "ra": 150.0, "dec": 2.0, "redshift": Z_IN, "class": "GALAXY"}
        rows.append(row | {"field": name, "HSC-r": 17.5 + number})
    pd.DataFrame(rows).to_csv(folder / "objects.csv", index=False)
    inputs = {
        "objects": folder / "objects.csv",
        "registered": [str(folder / f"{name}-{band}.fits") for name in kinds for band in BANDS],
        "segments": [str(folder / f"{name}.seg.fits") for name in kinds],
        "psfs": [str(folder / f"{name}.psf.fits") for name in kinds],
        "given_wavelengths": {"HSC-g": 4800.0},
    }
    params = {"z_out": [Z_OUT, Z_OUT], "size": 48, "targets": "noiseless", "number": 2}
    return redshifting_job(folder, inputs, BANDS, list(kinds), **params | changes) | {
        "reference_band": "HSC-r"
    }


def test_galaxies_of_hsc_have_the_colours_of_its_filters(tmp_path):
    kinds = {"north": 0, "north-2": 2}
    redshift_galaxies(**survey_job(tmp_path, kinds))
    inputs, targets = (np.load(tmp_path / f"{name}.npy") for name in ("inputs", "targets"))
    dimming = redshifting.flux_factor(read_distance("Planck18"), Z_IN, Z_OUT)
    for number, kind in enumerate(kinds.values()):
        before, after = light_of(kind, Z_IN), light_of(kind, Z_OUT)
        seen = targets[number].sum(axis=(0, 1)) / inputs[number].sum(axis=(0, 1))
        # the grid of the templates is interpolated, and pixels share their likelihood
        assert seen == pytest.approx(dimming * after / before, rel=0.03)
    facts = json.loads((tmp_path / "settings.json").read_text())
    assert facts["filters"][0] == "hsc2017-g"
    assert facts["wavelengths"][4] == pytest.approx(9780, abs=30)


def test_images_without_a_zero_point_are_refused(tmp_path):
    with pytest.raises(InputError, match="the zero point is unknown, and the spectra of pixels"):
        redshift_galaxies(**survey_job(tmp_path, {"north": 0}, unit="count"))


def test_names_of_bands_name_filters():
    names, _ = run_filters(["u", "lsst_y", "DES.z", "decam2014-r"], None, {}, 0.5)
    assert names == ["sdss2010-u", "lsst2023-y", "decam2014-z", "decam2014-r"]
    # as the user says
    assert run_filters(["narrow"], ["g"], {}, 0.5)[0] == ["g"]


@pytest.mark.parametrize(
    ("bands", "filters", "given", "words"),
    [
        (["F814W"], None, {}, "the name of band F814W does not name a filter; allowed: a list"),
        (["g", "r"], ["g"], {}, "1 filters for 2 bands; allowed: one per band, in the order g, r"),
        (["g"], None, {"g": 6200.0}, "sdss2010-g: its wavelength is 47.. Angstrom, and frames st"),
        (["J"], ["twomass-J"], {}, "twomass-J: it reaches from .* allowed: 1500, at redshift 0.5"),
        (["g"], ["no-g"], {}, "training_images.filters: 'no-g': "),
    ],
)
def test_a_filter_that_cannot_serve_is_refused_in_a_line(bands, filters, given, words):
    with pytest.raises(InputError, match=words):
        run_filters(bands, filters, given, 0.5)
