"""Choose the PSF of an image: engine and degree of variation, judged on held-out stars."""

from functools import partial

import numpy as np

from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.core.programs import has_tool
from redpix.psf.effective_psf_fit import effective_psf, fit_profile
from redpix.psf.held_out import FEW, fit_to_stars, folds_of, is_better
from redpix.psf.moffat import moffat_stamp
from redpix.psf.psf_correction import corrected
from redpix.psf.psf_model import STAMP, PsfModel, full_width
from redpix.psf.psfex import LEAST, run_psfex, width_of
from redpix.psf.star_selection import alike
from redpix.psf.wings import with_wings

#: minimum number of stars from which a PSF of degree 0, 1, 2 is made
LEAST_STARS = (3, 10, 20)

#: number of stars below which PSFEx is not tried: it puts the noise of a few stars into the PSF
FEWEST_PSFEX = 10

#: minimum number of isolated stars for a choice by held-out stars
LEAST_JUDGES = 4

#: minimum number of stars for a correction of the effective PSF of degree 0, 1
LEAST_CORRECTED = (3, 150)

#: median chi-squared of held-out stars up to which another engine is not tried
ADEQUATE = 1.1

#: FWHM below which both engines are compared in any case, pixels
UNDERSAMPLED = 2.2


def fit_psf(sources, config, source, engine="auto"):
    """Return the PSF of an image and the stars from which it is made.

    Stars are held out in turn. The degree of the variation over the image is raised, and the
    engine changed, only if held-out stars are fitted better beyond chance.

    Parameters
    ----------
    sources : redpix.psf.psfex.SourceTable
        Sources of the image.
    config : Path
        Settings file of PSFEx.
    source : str
        Name of the image in messages.
    engine : {"auto", "psfex", "effective"}
        auto: PSFEx or the effective PSF, whichever fits held-out stars better; the effective PSF
        where PSFEx is missing.

    Returns
    -------
    model : redpix.psf.psf_model.PsfModel
        A Moffat profile, with a warning, if there are too few stars.
    places : ndarray, shape (n, 2)
        0-based x and y of the stars from which the PSF is made.

    Raises
    ------
    InputError
        If the image shows no source, if its sources are not stars, or if PSFEx fails.
    """
    if not len(sources.table):
        raise InputError(f"{source}: no source, so no PSF; allowed: an image that shows stars")
    makers = {
        "psfex": partial(_psfex, sources, config, source),
        "effective": partial(_effective, sources),
    }
    if engine != "psfex" and not has_tool("psfex"):
        log.warning("%s: PSFEx is not on the PATH: the effective PSF is used", source)
        del makers["psfex"]
    allowed = list(makers) if engine == "auto" else [engine]
    if engine == "auto" and np.count_nonzero(sources.stars) < FEWEST_PSFEX:
        allowed = ["effective"]
    name, degree, chi2 = _choice(sources, {name: makers[name] for name in allowed})
    # an engine that needs more stars than there are leaves it to the other, then to a profile
    for maker in dict.fromkeys((name, *allowed, *makers)):
        psf, places = _highest(makers[maker], degree, np.ones(len(sources.stamps.x), bool))
        if psf is not None:
            return _finished(psf, sources, chi2, source), places
    return _moffat(sources, source)


def _finished(psf, sources, chi2, source):
    """Return a PSF as a model with the wings of the stars, and log it."""
    fwhm = width_of(sources.table, sources.stars)
    model = with_wings(_as_model(psf), sources.stamps, sources.rings, fwhm, sources.shape)
    model = model._replace(held_out=float(np.median(chi2)) if len(chi2) else np.nan)
    log.info(
        "%s: PSF by %s, FWHM %.2f px; chi2 of held-out stars %.2f",
        source,
        model.words,
        model.fwhm,
        model.held_out,
    )
    return model


def _choice(sources, makers):
    """Return engine, degree and the chi-squared of held-out stars; the first engine is simpler."""
    number = len(sources.stamps.x)
    first, *others = makers
    if number < LEAST_JUDGES:
        return first, 0, np.array([])
    folds = folds_of(number)
    chi2, degree = _held_out(sources, makers[first], 0, folds), 0
    for higher in (1, 2):
        if np.count_nonzero(folds != 0) < LEAST_STARS[higher]:
            break
        other = _held_out(sources, makers[first], higher, folds)
        if is_better(other, chi2):
            degree, chi2 = higher, other
        elif is_better(chi2, other):
            break  # the stars do not support it, and much less a higher degree
    best = first
    for name in others if _leaves_residuals(sources, chi2) else ():
        other = _held_out(sources, makers[name], degree, folds)
        if is_better(other, chi2) or not np.isfinite(chi2).any():
            best, chi2 = name, other
    return best, degree, chi2[np.isfinite(chi2)]


def _leaves_residuals(sources, chi2):
    """Return whether a PSF leaves more than noise in held-out stars, or may do so."""
    narrow = width_of(sources.table, sources.stars) < UNDERSAMPLED
    few = np.count_nonzero(sources.stars) < FEW
    good = np.isfinite(chi2).any() and np.nanmedian(chi2) < ADEQUATE
    return narrow or few or not good


def _held_out(sources, maker, degree, folds):
    """Return the chi-squared of each star with a PSF made without its fold; NaN in fold -1."""
    chi2 = np.full(len(folds), np.nan)
    fwhm = width_of(sources.table, sources.stars)
    for fold in np.unique(folds[folds >= 0]):
        model, _ = maker(folds != fold, degree)
        if model is not None:
            tested = folds == fold
            chi2[tested] = fit_to_stars(model, sources.stamps.take(tested), fwhm)[1]
    return chi2


def _highest(maker, degree, chosen):
    """Return the PSF of a degree, or of the highest lower degree that the stars allow."""
    for order in range(degree, -1, -1):
        model, places = maker(chosen, order)
        if model is not None:
            return model, places
    return None, None


def _psfex(sources, config, source, chosen, degree):
    """Return PSFEx's PSF of all stars except those whose stamps are not chosen."""
    rows = sources.stars.copy()
    rows[sources.rows[~chosen]] = False
    if np.count_nonzero(rows) < LEAST:
        return None, None
    return run_psfex(sources, rows, config, degree, source)


def _effective(sources, chosen, degree):
    """Return the effective PSF of the chosen stamps."""
    stamps = sources.stamps.take(chosen)
    if len(stamps.x) < LEAST_STARS[degree]:
        return None, None
    fwhm = width_of(sources.table, sources.stars)
    profile, stamps = fit_profile(stamps, sources.shape, fwhm, degree=degree)
    if profile is None:
        return None, None
    psf = effective_psf(profile, len(stamps.x))
    if len(stamps.x) >= LEAST_CORRECTED[0]:
        kept = alike(stamps, psf)
        stamps = stamps.take(kept) if kept.sum() >= LEAST_CORRECTED[0] else stamps
        psf = corrected(psf._replace(stars=len(stamps.x)), stamps, LEAST_CORRECTED)
    return psf, np.column_stack([stamps.x, stamps.y])


def _as_model(psf):
    """Return an effective PSF as stamps at the centres of pixels; a PsfModel as it is."""
    if isinstance(psf, PsfModel):
        return psf
    zero, half = np.zeros(1), min(STAMP // 2, psf.reach)
    terms = [
        psf._replace(terms=psf.terms[k : k + 1], degree=0).stamps(zero, zero, half, False)[0]
        for k in range(len(psf.terms))
    ]
    ny, nx = psf.shape
    scale = max(nx - 1, 1) / 2, max(ny - 1, 1) / 2
    model = PsfModel(
        terms=np.stack(terms),
        degree=psf.degree,
        zero=(scale[0] + 1, scale[1] + 1),
        scale=scale,
        fwhm=0.0,
        stars=psf.stars,
        engine="effective",
        fine=psf,
    )
    return model._replace(fwhm=full_width(model.at(*scale)))


def _moffat(sources, source):
    """Return a Moffat profile of the width of the brightest sources, with a warning."""
    table = sources.table
    fwhm = width_of(table, sources.stars)
    if not 1 < fwhm < 15:
        raise InputError(f"{source}: no stars for a PSF; sources have a FWHM of {fwhm:.1f} pixels")
    log.warning("%s: too few stars for a PSF; a Moffat profile of %.2f px is taken", source, fwhm)
    # not integrated over pixels: the measured FWHM includes the width of a pixel
    profile = moffat_stamp(fwhm, STAMP, integrated=False)
    model = PsfModel(profile[None], 0, (0.0, 0.0), (1.0, 1.0), fwhm, 0, "moffat")
    return model, sources.places()
