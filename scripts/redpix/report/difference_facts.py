"""Facts of a difference image that its header states."""


def band_facts(header, usable):
    """Return the facts that the header of a difference states, by label.

    Parameters
    ----------
    header : Header
        Header of the HDU D.
    usable : float
        Share of the common sky without a mask bit.

    Returns
    -------
    dict of str to str
    """
    return {
        "robust std of Scorr": f"{header['SCORRSTD']:.4f}",
        **({"on blank sky": f"{header['SCORRSKY']:.4f}"} if "SCORRSKY" in header else {}),
        "flux ratio": f"{header['FLXRATIO']:.4f}, scatter {header['FLXSCAT']:.4f}",
        **measured_ratios(header),
        "registration, rms": f"{header['REGRMSX']:.3f} and {header['REGRMSY']:.3f} pixels, "
        f"{header['NSTARS']} star{'s' * (header['NSTARS'] != 1)}",
        "FWHM": f"{header['FWHMNEW']:.2f} and {header['FWHMREF']:.2f} pixels",
        "PSF": f"{header.get('PSFNEW', header['PSF'])}; {header.get('PSFREF', header['PSF'])}",
        **scattered_light(header),
        **marked(header),
        "usable": f"{100 * usable:.1f} % of the common sky",
    }


def measured_ratios(header):
    """Return the flux ratios by PSFs and by apertures with their errors, if the header has them.

    Parameters
    ----------
    header : Header
        Header of the HDU D.

    Returns
    -------
    dict of str to str
    """
    cards = {"by PSFs": ("RATIOPSF", "RATPSFER"), "by apertures": ("RATIOAP", "RATAPER")}
    return {
        f"flux ratio {name}": f"{header[value]:.4f} ± {header[error]:.4f}"
        for name, (value, error) in cards.items()
        if value in header and error in header
    }


def scattered_light(header):
    """Return where the background follows light of a smaller scale than its mesh, if it does.

    Parameters
    ----------
    header : Header
        Header of the HDU D.

    Returns
    -------
    dict of str to str
    """
    share = header.get("BACKFINE", 0.0)
    if not share:
        return {}
    return {"scattered light": f"taken for background in {100 * share:.1f} % of the image"}


def marked(header):
    """Return how many marks the score of transients learned from, if it did.

    Parameters
    ----------
    header : Header
        Header of the HDU D.

    Returns
    -------
    dict of str to str
    """
    if "MARKS" not in header:
        return {}
    return {"score learned from": f"{header['MARKS']} marks, {header['MARKREAL']} of them real"}
