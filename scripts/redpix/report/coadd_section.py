"""Section of the report on coadds: a figure and facts per coadd."""

from pathlib import Path

from astropy.io import fits

from redpix.io.fits_files import read_image
from redpix.io.image_path import named_hdu
from redpix.report.coadd_plots import coadd_figure
from redpix.report.figures import data_uri
from redpix.report.photometry_section import PLURAL

#: maximum number of coadds with a figure; the others have their facts
MOST_DRAWN = 12


def show_coadds(paths, firsts):
    """Return figure and facts of all coadds.

    Parameters
    ----------
    paths : sequence of str
        ``<stack>/<band>.fits``.
    firsts : sequence of str
        The first image of each coadd, which defines its pixels.

    Returns
    -------
    list of dict
    """
    return [
        show_coadd(Path(path), first, drawn=number < MOST_DRAWN)
        for number, (path, first) in enumerate(zip(paths, firsts, strict=True))
    ]


def show_coadd(path, first, drawn=True):
    """Return figure and facts of one coadd.

    Parameters
    ----------
    path : Path
        ``<stack>/<band>.fits``.
    first : str
        FITS file of the first image.
    drawn : bool
        Whether the coadd has a figure.

    Returns
    -------
    dict
    """
    with fits.open(path, memmap=False) as hdus:
        header, image = hdus["SCI"].header, hdus["SCI"].data
    figure, unit = None, header.get("BUNIT", "")
    if drawn:
        before = read_image(first + named_hdu(header["IMAGE1"])).pixels
        figure = data_uri(coadd_figure(image, before), photograph=True)
    images = [
        {
            "name": header[f"IMAGE{number}"],
            "ratio": header[f"FLXR{number}"],
            "x": header[f"REGX{number}"],
            "y": header[f"REGY{number}"],
            "fwhm": header[f"FWHM{number}"],
            "rejected": header.get(f"REJ{number}"),
        }
        for number in range(1, header["NIMAGES"] + 1)
    ]
    return {
        "name": path.parent.name,
        "band": path.stem,
        "figure": figure,
        "images": images,
        "facts": {
            "images": header["NIMAGES"],
            "method": header["METHOD"],
            "noise of blank sky": f"{header['NOISE']:.5g} {PLURAL.get(unit, unit)}",
            "flux zero point F_C": f"{header['F_C']:.5g}",
            "covered by its images": f"{100 * header['COVERED']:.1f} % on average",
            "masked in an image and filled from the others": f"{100 * header['FILLED']:.2f} % of "
            "the pixels",
        },
    }
