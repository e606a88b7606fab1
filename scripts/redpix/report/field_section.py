"""Section of the report on a field: its colours, its reference band, and facts."""

import numpy as np
from astropy.io import fits

from redpix.report import files, pictures, tables
from redpix.report.field_plots import band_figure, field_figure
from redpix.report.figures import data_uri

#: maximum number of pixels along a side of the picture of one band
BAND_SIDE = 700

#: description of a colour picture by the number of its bands
COLOURS = {
    3: "{} as red, {} as green and {} as blue",
    2: "{} as red and {} as blue",
    1: "{} alone, in grey",
}

#: balance of a colour picture in bands of SDSS and in others
SOLAR, EQUAL = ", balanced so that a star like the Sun is white", ", equal fluxes are white"


def show_field(name, objects, paths, bands, reference):
    """Return the figures and facts of a field.

    Parameters
    ----------
    name : str
        Name of the field.
    objects : DataFrame
        The objects of the field.
    paths : dict of str to dict of str to str
        Paths by stage (registered, matched, frames, errors) and file name.
    bands : list of str
        Bands of the run.
    reference : str
        The reference band.

    Returns
    -------
    dict
    """
    colours = pictures.colour_bands(bands)
    colour, (ra, dec) = colour_figure(name, objects, paths["registered"], colours)
    file = f"{name}-{reference}.fits"
    frame, grid, header = files.read_image(paths["frames"][file])
    error = fits.getdata(paths["errors"][file])
    registered, registered_grid, _ = files.read_image(paths["registered"][file])
    figure = band_figure(
        pictures.shrink(frame, grid, BAND_SIDE),
        pictures.shrink(error, grid, BAND_SIDE),
        pictures.shrink(registered, registered_grid, BAND_SIDE),
        reference,
    )
    balance = (SOLAR if set(bands) <= set("ugriz") else EQUAL) if len(colours) > 1 else ""
    unit = {"count": "counts"}.get(header.get("BUNIT"), "nanomaggies")
    # of images that a user listed
    origin = {}
    if "ZPFROM" in header:
        origin = {f"zero point, {reference}": f"{header['ZPOINT']:g}, {header['ZPFROM']}"}
    n_found = np.count_nonzero(objects["pixels"])
    return {
        "name": name,
        "facts": {
            "centre": f"RA {ra:.4f}°, Dec {dec:+.4f}°".replace("-", "−"),
            "observed": header.get("DATE-OBS", tables.DASH),
            "objects found": f"{n_found:,} of {len(objects):,}",
            "their pixels": f"{objects['pixels'].sum():,}",
            f"median error, {reference}": median_error(error, unit),
            **origin,
            **psf_facts([paths["matched"].get(f"{name}-{band}.fits") for band in bands], bands),
        },
        "colours": COLOURS[len(colours)].format(*colours) + balance,
        "colour": data_uri(colour, photograph=True),
        "band": data_uri(figure, photograph=True),
    }


def psf_facts(paths, bands):
    """Return the facts of the PSFs of a field whose bands were to be brought to one PSF.

    Parameters
    ----------
    paths : list of str or None
        Images with one PSF, one per band; None without them.
    bands : list of str
        Names of the bands.

    Returns
    -------
    dict of str to str
        Empty if one PSF was not wanted.
    """
    if None in paths:
        return {}
    headers = [fits.getheader(path, "SCI") for path in paths]
    if not all(header["PSFMATCH"] for header in headers):
        return {"one PSF": f"not made, the bands keep their own: {headers[0]['PSFWHY']}"}
    before = ", ".join(
        f"{band} {header['FWHMIN']:.2f}" for band, header in zip(bands, headers, strict=True)
    )
    after, residual = headers[0]["FWHMOUT"], max(header["PSFRESID"] for header in headers)
    return {
        "one PSF": f"FWHM {after:.2f} pixels, from {before}; at most {100 * residual:.1f} % of the "
        "light is out of place"
    }


def median_error(error, unit):
    """Return the median of an error map as text.

    Parameters
    ----------
    error : ndarray
        1-sigma errors; NaN and infinite values are left out.
    unit : str
        Their unit.

    Returns
    -------
    str
    """
    finite = error[np.isfinite(error)]
    return f"{np.median(finite):.4f} {unit}" if finite.size else tables.DASH


def colour_figure(name, objects, paths, bands):
    """Return the figure of a field in colour, and the centre of the field.

    Parameters
    ----------
    name : str
        Name of the field.
    objects : DataFrame
        Columns ra, dec, pixels, class and redshift.
    paths : dict of str to str
        Registered images by file name.
    bands : tuple of str
        One to three, from red to blue.

    Returns
    -------
    figure : Figure
    centre : list of float
        Right ascension and declination in degrees.
    """
    images = [files.read_image(paths[f"{name}-{band}.fits"])[:2] for band in bands]
    image, wcs = images[0]
    x, y = wcs.all_world2pix(objects["ra"], objects["dec"], 0)
    marks = pictures.Marks(
        x=x,
        y=y,
        pixels=objects["pixels"].to_numpy(),
        classes=objects["class"].to_numpy(str),
        redshift=objects["redshift"].to_numpy(float),
    )
    corner = pictures.close_up_corner(image, marks)
    field = coloured([pictures.shrink(*image) for image in images], bands)
    close_up = coloured([pictures.cut(*image, corner) for image in images], bands)
    centre = wcs.all_pix2world((image.shape[1] - 1) / 2, (image.shape[0] - 1) / 2, 0)
    return field_figure(field, close_up, marks), centre


def coloured(single, bands):
    """Return a picture in colour.

    Parameters
    ----------
    single : list of redpix.report.pictures.Picture
        Picture in each band, from red to blue.
    bands : tuple of str
        Names of the bands.

    Returns
    -------
    redpix.report.pictures.Picture
    """
    return single[0]._replace(values=pictures.colour_picture([p.values for p in single], bands))
