"""A simulated night of raw files: bias, darks, flats and lights of several targets and filters."""

import numpy as np
from astropy.io import fits
from star_field import Moffat, draw

#: bias level and its pattern, read noise and dark current of the camera
BIAS, PATTERN, READ_NOISE, DARK_RATE = 500.0, 4.0, 6.0, 0.4

#: electrons per count
GAIN = 1.6

#: sky of a light of 60 s in each filter, counts
SKY = {"V": 150.0, "R": 300.0}

#: centre of the images and side of a pixel, degrees
SKY_AT, PIXEL = (97.64, -29.67), 1 / 3600

#: first exposure, Modified Julian Date
FIRST = 61000.1


#: transmission of the filters of a colour camera, and rows and columns of their pixels (RGGB)
LIGHT = {"R": 0.5, "G": 1.0, "B": 0.3}
PLACES = {"R": [(0, 0)], "G": [(0, 1), (1, 0)], "B": [(1, 1)]}


def through_filters(shape, light):
    """Return an image of the values of the filters on their pixels."""
    mosaic = np.zeros(shape)
    for colour, places in PLACES.items():
        for row, column in places:
            value = np.broadcast_to(light[colour], shape)
            mosaic[row::2, column::2] = value[row::2, column::2]
    return mosaic


def write_colour_night(folder, target, lights):
    """Write biases, darks, flats and lights of a colour camera; return x, y and flux of its stars.

    The lights are shifted by up to two pixels. Fluxes are counts without a filter.
    """
    raw = RawNight(folder, side=180, seed=9)
    shape = (raw.side, raw.side)
    raw.biases(3)
    raw.darks(3, 60.0)
    mosaic = through_filters(shape, LIGHT)
    for level in (20_000, 25_000, 30_000):
        raw.write("Flat Field", level * GAIN * mosaic, 2.0, BAYERPAT="RGGB")
    x, y = raw.rng.uniform(15, raw.side - 15, (2, 25))
    flux = 10 ** raw.rng.uniform(4.5, 5.5, 25)
    for number in range(lights):
        dx, dy = raw.rng.uniform(-2, 2, 2) if number else (0, 0)
        light = (draw(shape, x + dx, y + dy, flux, Moffat(5.0), 0.01) + 200) * mosaic
        cards = {"BAYERPAT": "RGGB", "OBJECT": target, "TIMESYS": "UTC"}
        raw.write("Light Frame", light * GAIN, 60.0, **cards, **{"MJD-OBS": FIRST + 0.001 * number})
    return x, y, flux


class RawNight:
    """A camera, and the sky that it sees.

    Parameters
    ----------
    folder : Path
        Folder of the raw files.
    side : int
        Side of the images, pixels.
    stars : int
        Number of stars of a target.
    seed : int
    fluxes : (float, float)
        Smallest and largest log10 of the counts of a star in 60 s.
    """

    def __init__(self, folder, side=200, stars=60, seed=1, fluxes=(3.2, 5.2)):
        self.folder, self.side, self.fluxes = folder, side, fluxes
        self.rng = np.random.default_rng([seed, 5])
        self.bias = BIAS + self.rng.normal(0, PATTERN, (side, side))
        self.dark = DARK_RATE * self.rng.gamma(2.0, 0.5, (side, side))
        y, x = np.mgrid[:side, :side] / side - 0.5
        self.flats = {
            band: (1 - tilt * (x**2 + y**2)) * self.rng.normal(1, 0.01, (side, side))
            for band, tilt in (("V", 0.3), ("R", 0.5))
        }
        self.stars = stars
        self.number = 0
        self.skies = {}
        folder.mkdir(parents=True, exist_ok=True)

    def sky_of(self, target, stars=None):
        """Return x, y (0-based) and flux (counts in 60 s) of the stars of a target."""
        if target not in self.skies:
            margin, stars = 12, stars or self.stars
            x, y = self.rng.uniform(margin, self.side - margin, (2, stars))
            flux = 10 ** self.rng.uniform(*self.fluxes, stars)
            self.skies[target] = x, y, flux
        return self.skies[target]

    def write(self, kind, light, seconds, **cards):
        """Write a raw file of electrons of light without noise; return its path."""
        electrons = self.rng.poisson(np.maximum(light + self.dark * seconds, 0))
        noise = self.rng.normal(0, READ_NOISE, electrons.shape)
        counts = np.rint(self.bias + (electrons + noise) / GAIN)
        header = fits.Header({"IMAGETYP": kind, "EXPTIME": seconds, "CCD-TEMP": -10.0})
        header.update({"EGAIN": GAIN, "RDNOISE": READ_NOISE, "XBINNING": 1, "YBINNING": 1, **cards})
        self.number += 1
        path = self.folder / f"raw_{self.number:04d}.fits"
        fits.PrimaryHDU(np.clip(counts, 0, 65535).astype(np.uint16), header).writeto(path)
        return path

    def biases(self, number):
        for _ in range(number):
            self.write("Bias Frame", np.zeros((self.side, self.side)), 0.0)

    def darks(self, number, seconds):
        for _ in range(number):
            self.write("Dark Frame", np.zeros((self.side, self.side)), seconds)

    def flat_fields(self, number, band):
        for _ in range(number):
            level = self.rng.uniform(15_000, 30_000)
            self.write("Flat Field", level * GAIN * self.flats[band], 2.0, FILTER=band)

    def light(self, target, band, seconds=60.0, dimmed=None, sky=None):
        """Write a light frame.

        Parameters
        ----------
        target, band : str
        seconds : float
            Exposure time.
        dimmed : (int, float), optional
            Number of a star and the share of its light that is missing.
        sky : str, optional
            Target whose stars are shown instead.
        """
        x, y, flux = self.sky_of(sky or target)
        flux = flux.copy()
        if dimmed:
            flux[dimmed[0]] *= 1 - dimmed[1]
        dx, dy = self.rng.uniform(-2, 2, 2)
        scale = seconds / 60
        shape = (self.side, self.side)
        counts = draw(shape, x + dx, y + dy, flux * scale, Moffat(3.0), 0.01) + SKY[band] * scale
        day = FIRST + self.number * 90 / 86400
        return self.write(
            "Light Frame",
            counts * GAIN * self.flats[band],
            seconds,
            FILTER=band,
            OBJECT=target,
            **{"MJD-OBS": day, "TIMESYS": "UTC", "AIRMASS": 1.2},
            **self.wcs_cards(dx, dy),
        )

    def wcs_cards(self, dx=0.0, dy=0.0):
        """Return the cards of the sky and the site of a light that is shifted by some pixels."""
        cards = {
            "CTYPE1": "RA---TAN",
            "CTYPE2": "DEC--TAN",
            "CRVAL1": SKY_AT[0],
            "CRVAL2": SKY_AT[1],
        }
        cards |= {"CRPIX1": self.side / 2 + 1 + dx, "CRPIX2": self.side / 2 + 1 + dy}
        cards |= {"CDELT1": -PIXEL, "CDELT2": PIXEL, "OBSERVAT": "SAAO"}
        return cards
