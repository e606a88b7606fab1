"""Cones on the sky that cover images."""

import numpy as np
from astropy.coordinates import SkyCoord

from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.image.wcs import celestial_wcs

#: radius of a request over that of its image: exposures that are shifted need no further request
MARGIN = 1.15

#: largest radius of a request, degrees
WIDEST = 3.0


def cones_of(headers):
    """Return the cones that cover images.

    Parameters
    ----------
    headers : iterable of (str, astropy.io.fits.Header)
        Name and header of each image. Those without a WCS are left out, with a warning.

    Returns
    -------
    list of (astropy.coordinates.SkyCoord, float)
        Centre and radius in degrees; a cone inside an earlier one is left out.
    """
    cones = []
    for path, header in headers:
        try:
            wcs = celestial_wcs(header)
        except InputError:
            log.warning("%s: no WCS, so no sources of a catalogue", path)
            continue
        nx, ny = header["NAXIS1"], header["NAXIS2"]
        x, y = (
            np.array([(nx - 1) / 2, 0, nx - 1, 0, nx - 1]),
            np.array([(ny - 1) / 2, 0, 0, ny - 1, ny - 1]),
        )
        sky = SkyCoord(*wcs.all_pix2world(x, y, 0), unit="deg")
        radius = float(sky[0].separation(sky[1:]).max().deg)
        if radius > WIDEST:
            log.warning("%s: %.1f degrees wide: the field is too large for a request", path, radius)
            continue
        covered = (sky[0].separation(centre).deg + radius <= size for centre, size in cones)
        if not any(covered):
            cones.append((sky[0], MARGIN * radius))
    return cones
