"""Judge the images of a run: differences, coadds, photometry and light curves."""

import math

from redpix.report.verdict import Judgement, header_number, mark_of

#: deviation of the standard deviation of Scorr from 1
_SCORR = (0.05, 0.10)

#: error of registration, pixels
_REGISTRATION = (0.10, 0.25)

#: measured over expected noise of an image
_NOISE = (0.10, 0.25)

#: share of false detections, from the negative image
_FALSE = (0.02, 0.05)

#: scatter of bright steady stars over its expectation
_SCATTER = (1.5, 3.0)

#: marks from good to bad
_ORDER = ("good", "look", "bad")


def judge_difference(pair, band, header):
    """Return the judgements on a difference image.

    Parameters
    ----------
    pair, band : str
        Names of the pair and of the band.
    header : Mapping
        Header of the HDU D of difference.fits: SCORRSKY, SCORRSTD, REGRMSX, REGRMSY.

    Returns
    -------
    list of Judgement
    """
    stage, link = f"Changes, {pair} {band}".rstrip(), f"pair-{pair}"
    kind, std = "on blank sky", header_number(header.get("SCORRSKY"))
    if std is None:
        kind, std = "outside the mask, sources included", header_number(header.get("SCORRSTD"))
    lines = [
        Judgement(
            mark_of(math.inf if std is None else abs(std - 1), *_SCORR),
            stage,
            f"standard deviation of Scorr {kind}",
            "not measured" if std is None else f"{std:.3f}",
            f"{1 - _SCORR[0]:.2f} to {1 + _SCORR[0]:.2f}",
            link,
        )
    ]
    return [*lines, _registration(header, ("REGRMSX", "REGRMSY"), stage, link)]


def judge_coadd(stack, band, header):
    """Return the judgements on a coadd.

    Parameters
    ----------
    stack, band : str
        Names of the stack and of the band.
    header : Mapping
        Header of the HDU SCI: NIMAGES, REGX1, REGY1 and so on.

    Returns
    -------
    list of Judgement
        Empty with one image.
    """
    stage, link = f"Coadds, {stack} {band}".rstrip(), f"coadd-{stack}-{band}"
    lines = [
        _registration(header, (f"REGX{number}", f"REGY{number}"), stage, link)
        for number in range(2, int(header_number(header.get("NIMAGES")) or 0) + 1)
    ]
    worst = max(lines, key=lambda line: (_ORDER.index(line.mark), line.value), default=None)
    return [worst._replace(text="largest error of registration")] if worst else []


def _registration(header, cards, stage, link):
    """Return the judgement on the error of registration along x and y in two cards."""
    errors = [header_number(header.get(card)) for card in cards]
    rms = math.inf if None in errors else math.hypot(*errors)
    return Judgement(
        mark_of(rms, *_REGISTRATION),
        stage,
        "error of registration",
        f"{rms:.3f} px" if math.isfinite(rms) else "not measured",
        f"at most {_REGISTRATION[0]:.2f} px",
        link,
    )


def judge_image(name, header):
    """Return the judgements on the photometry of an image.

    Parameters
    ----------
    name : str
        Name of the image.
    header : Mapping
        Header of its residual: NOISESCL, NEGRATE.

    Returns
    -------
    list of Judgement
    """
    lines = []
    scale = header_number(header.get("NOISESCL"))
    if scale is not None:
        lines.append(_noise_line(name, "measured over expected noise", scale))
    rate = header_number(header.get("NEGRATE"))
    if rate is not None:
        lines.append(
            Judgement(
                mark_of(rate, *_FALSE),
                f"Stars, {name}",
                "false detections, from the negative image",
                f"{100 * rate:.1f} %",
                f"at most {100 * _FALSE[0]:.0f} %",
                f"image-{name}",
            )
        )
    return lines


def judge_stars(name, count):
    """Return the judgement on the number of stars of an image.

    Parameters
    ----------
    name : str
        Name of the image.
    count : int or None
        Number of its stars; None if the image was left out.

    Returns
    -------
    list of Judgement
        Empty if the image has stars.
    """
    if count != 0:
        return []
    return [
        Judgement("look", f"Stars, {name}", "stars measured", "0", "at least 1", f"image-{name}")
    ]


def judge_given_noise(name, found, expected):
    """Return the judgement on the gain and read noise that the header of an image gives.

    Parameters
    ----------
    name : str
        Name of the image.
    found, expected : float
        Noise between the stars, and that of the sky by the given gain and read noise.

    Returns
    -------
    list of Judgement
        Empty if either is unknown.
    """
    if not (math.isfinite(found) and math.isfinite(expected) and expected > 0):
        return []
    text = "noise over that of the given gain, read noise and background"
    return [_noise_line(name, text, found / expected)]


def _noise_line(name, text, ratio):
    """Return the judgement on a ratio of noises of an image."""
    return Judgement(
        mark_of(abs(ratio - 1), *_NOISE),
        f"Stars, {name}",
        text,
        f"{ratio:.3f}",
        f"{1 - _NOISE[0]:.2f} to {1 + _NOISE[0]:.2f}",
        f"image-{name}",
    )


def judge_light_curves(scatter):
    """Return the judgement on the scatter of bright stars between exposures.

    Parameters
    ----------
    scatter : DataFrame
        scatter.csv: flux, scatter, expected and flags, one row per star.

    Returns
    -------
    list of Judgement
        Empty without stars of known scatter.
    """
    if not {"flags", "expected", "scatter"} <= set(scatter.columns):
        return []
    steady = scatter[(scatter["flags"] == 0) & (scatter["expected"] > 0)]
    steady = steady[steady["scatter"].notna()]
    if steady.empty:
        return []
    bright = steady.nlargest(max(5, len(steady) // 4), "flux")
    ratio = float((bright["scatter"] / bright["expected"]).median())
    return [
        Judgement(
            mark_of(ratio, *_SCATTER),
            "Light curves",
            f"scatter of the {len(bright)} brightest stars over its expectation",
            f"{ratio:.2f}",
            f"at most {_SCATTER[0]:.1f}",
            "photometry",
        )
    ]
