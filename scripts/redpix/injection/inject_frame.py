"""Inject sources into a frame; write the frame and its mask in the layout of the survey."""

import bz2
import gzip
from functools import partial

import numpy as np
import pandas as pd
from astropy.io import fits

from redpix.core.field_name import parse_field
from redpix.core.job import log
from redpix.image.masks import BITS
from redpix.image.stale_cards import STALE_CARDS
from redpix.image.wcs import frame_wcs
from redpix.injection.inject import expected_light, inject, saturate
from redpix.psf.psf_file import read_psf
from redpix.sdss.error_map import gain, sky_image
from redpix.sdss.frames import PLANES
from redpix.sdss.mask_table import read_masked, survey_mask
from redpix.sdss.packing import packed, save


def marked_planes(path, band, shape, saturated):
    """Return the planes of a frame's survey mask, with the newly saturated pixels marked.

    Parameters
    ----------
    path : str
        Masks of the field.
    band : str
        Name of the band.
    shape : tuple of int
        (ny, nx) of the frame.
    saturated : ndarray of bool, shape (ny, nx)
        Pixels that injected light saturates.

    Returns
    -------
    dict of str to ndarray of bool
    """
    planes = {name: np.zeros(shape, bool) for name in PLANES}
    bit, y, x = read_masked(path, band)
    for name, meaning in PLANES.items():
        in_plane = bit == BITS[meaning]
        planes[name][y[in_plane], x[in_plane]] = True
    planes["SATUR"] |= saturated
    planes["INTERP"] |= saturated
    return planes


def add_sources(hdus, table, psf, band, field, rng):
    """Add the light of sources to the HDUs of a frame, in place.

    Parameters
    ----------
    hdus : astropy.io.fits.HDUList
        The frame: image, calibration vector, sky table, asTrans.
    table : DataFrame
        Sources, as from `redpix.injection.choose_sources`.
    psf : redpix.psf.psf_model.PsfModel
        Effective PSF of the frame.
    band : str
        Name of the band.
    field : redpix.core.field_name.Field
        Field of the survey.
    rng : numpy.random.Generator
        Random numbers.

    Returns
    -------
    ndarray of bool, shape (ny, nx)
        Pixels that injected light saturates.
    """
    image, calibration, sky = hdus[0].data, hdus[1].data, hdus[2].data[0]
    light = expected_light(table, band, psf, frame_wcs(hdus[0].header), image.shape)
    bright = inject(rng, image, light, calibration, gain(field.camcol, band, field.run))
    counts = sky_image(sky["ALLSKY"], sky["XINTERP"], sky["YINTERP"])
    hdus[0].data, saturated = saturate(bright, light, calibration, counts)
    for key in STALE_CARDS:
        hdus[0].header.remove(key, ignore_missing=True)
    hdus[0].header["INJECTED"] = (len(table), "simulated sources among the real ones")
    return saturated


def inject_frame(frame, masks, sources, psf, injected_frame, injected_mask, field, band, seed):
    """Inject the sources of a field into one of its frames.

    Parameters
    ----------
    frame : str
        FITS file of the frame.
    masks : str
        Masks of the field.
    sources : str
        CSV of the sources, from `redpix.injection.choose_sources`.
    psf : str
        PSFs of the field, from `redpix.injection.choose_psf`.
    injected_frame, injected_mask : str
        Files that are written: ``frame-*.fits.bz2`` and ``fpM-*.fit.gz``.
    field : str
        Name of the field, such as 94-3-7.
    band : str
        Name of the band.
    seed : int
        Seed of the random numbers.

    Raises
    ------
    InputError
        If the WCS of the frame cannot be used.
    """
    field = parse_field(field)
    table = pd.read_csv(sources)
    with fits.open(frame, memmap=False) as hdus:
        # a seed per frame: its photon noise does not depend on frames made before it
        rng = np.random.default_rng([seed, 7, *field, ord(band)])
        saturated = add_sources(hdus, table, read_psf(psf, band), band, field, rng)
        save(injected_frame, packed(hdus, bz2.compress))
    log.info("%s: %d sources, %d pixels saturated", frame, len(table), saturated.sum())
    planes = marked_planes(masks, band, saturated.shape, saturated)
    mask = survey_mask(planes, saturated.shape, field, band)
    save(injected_mask, packed(mask, partial(gzip.compress, mtime=0)))
