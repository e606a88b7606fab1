"""Effective PSFs in the residual files of photometry: the HDU PSF and its cards."""

from astropy.io import fits

from redpix.psf.effective_psf import EffectivePsf


def effective_psf_cards(psf):
    """Return the header cards that describe an effective PSF.

    Parameters
    ----------
    psf : redpix.psf.effective_psf.EffectivePsf
        PSF of the image.

    Returns
    -------
    list of (str, object, str)
        Keyword, value and comment of each card.
    """
    return [
        ("FWHM", psf.fwhm, "[pix] of the PSF, the pixel's width included"),
        ("PSFSTARS", psf.stars, "stars that the PSF is made from"),
        ("PSFSTEP", psf.step, "[pix] between nodes of the PSF's spline"),
        ("PSFDEG", psf.degree, "degree of its change over the image"),
    ]


def read_effective_psf(path):
    """Return the effective PSF of an image from its residual file.

    Parameters
    ----------
    path : str
        FITS file with the residual image first and the spline coefficients in the HDU PSF.

    Returns
    -------
    redpix.psf.effective_psf.EffectivePsf or None
        None if the file has no HDU PSF, as after simple photometry.
    """
    with fits.open(path, memmap=False) as hdus:
        if "PSF" not in hdus:
            return None
        header = hdus[0].header
        return EffectivePsf(
            terms=hdus["PSF"].data.astype(float),
            degree=header["PSFDEG"],
            shape=(header["NAXIS2"], header["NAXIS1"]),
            step=header["PSFSTEP"],
            fwhm=header["FWHM"],
            stars=header["PSFSTARS"],
        )
