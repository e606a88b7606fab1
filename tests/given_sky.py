"""Simulated multi-band images of other surveys, with their table and the truth."""

import numpy as np
import pandas as pd
from astropy.io import fits
from redpix.image.wcs import celestial_wcs

#: slope of a band's flux with redshift, from the bluest to the reddest band
SLOPES = np.linspace(-1.6, 1.6, 6)


def tilted(shape, scale, angle, crval, distortion=0.0):
    """Return a WCS with its reference pixel at the centre, with SIP terms if wanted."""
    header = fits.Header()
    kind = "TAN-SIP" if distortion else "TAN"
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    cards = {"CTYPE1": f"RA---{kind}", "CTYPE2": f"DEC--{kind}"}
    cards |= {"CRVAL1": crval[0], "CRVAL2": crval[1], "RADESYS": "ICRS"}
    cards |= {"CRPIX1": shape[1] / 2 + 0.5, "CRPIX2": shape[0] / 2 + 0.5}
    cards |= {"CD1_1": -scale * c / 3600, "CD1_2": scale * s / 3600}
    cards |= {"CD2_1": scale * s / 3600, "CD2_2": scale * c / 3600}
    if distortion:
        cards |= {"A_ORDER": 2, "B_ORDER": 2, "A_2_0": distortion, "B_1_1": -distortion}
    header.update(cards)
    return header


def galaxies(seed, wcs, shape, first_id, step=26, margin=22):
    """Return objects on a jittered grid with redshifts and magnitudes in r."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[margin : shape[0] - margin : step, margin : shape[1] - margin : step]
    x, y = (plane.ravel() + rng.uniform(-3, 3, plane.size) for plane in (x, y))
    ra, dec = wcs.all_pix2world(x, y, 0)
    return pd.DataFrame(
        {
            "id": first_id + np.arange(len(x)),
            "ra": ra,
            "dec": dec,
            "redshift": rng.uniform(0.1, 0.9, len(x)).round(4),
            "class": "GALAXY",
            "mag": rng.uniform(18.5, 19.5, len(x)),
        }
    )


def flux_of(objects, slope):
    """Return the flux of each object in a band, nanomaggies."""
    brightness = 10 ** (-0.4 * (objects["mag"] - 22.5))
    return (brightness * 10 ** (0.4 * slope * (objects["redshift"] - 0.5))).to_numpy()


def draw(objects, fluxes, header, shape, noise, zero_point, seed, sigma=0.55):
    """Return an image in counts with Gaussian galaxies of `sigma` arcsec, and its noise."""
    wcs = celestial_wcs(header)
    counts = 10 ** (0.4 * (zero_point - 22.5))
    x, y = wcs.all_world2pix(objects["ra"], objects["dec"], 0)
    rows, columns = np.indices(shape)
    image = np.zeros(shape)
    width = sigma / (3600 * np.sqrt(abs(np.linalg.det(wcs.pixel_scale_matrix))))
    for flux, x_now, y_now in zip(fluxes, x, y, strict=True):
        square = (columns - x_now) ** 2 + (rows - y_now) ** 2
        image += flux * np.exp(-square / (2 * width**2)) / (2 * np.pi * width**2)
    image += noise * np.random.default_rng(seed).standard_normal(shape)
    return (image * counts).astype(np.float32), np.float32(noise * counts)


def write_table(path, rows):
    """Write a table of frames; each row is a dict."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    lines = ["\t".join(columns)]
    lines += ["\t".join(str(row.get(column, "")) for column in columns) for row in rows]
    path.write_text("\n".join(lines) + "\n")
    return path
