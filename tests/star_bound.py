"""The bound on the errors of the stars of a field, and the scores of a measurement."""

from typing import NamedTuple

import numpy as np
from redpix.photometry.design_matrix import design
from redpix.photometry.normal_matrix import inverse_diagonal
from redpix.photometry.scene import Placed
from scipy.spatial import cKDTree

#: a star this many bounds from the truth is wrong, not uncertain
FAR = 5.0

#: neighbours that raise a bound by this factor make a close blend
RAISED = 1.1


class TruePsf(NamedTuple):
    """The profile that a field was drawn with, in the form that the library takes a PSF."""

    profile: object
    shape: tuple
    fwhm: float
    reach: int = 80

    def stamps(self, x, y, half, derivatives=True):
        """As of `redpix.psf.effective_psf.EffectivePsf`, derivatives by central differences."""
        axis = np.arange(-half, half + 1)
        dx = axis[None, None, :] - (x - np.rint(x))[:, None, None]
        dy = axis[None, :, None] - (y - np.rint(y))[:, None, None]
        value = self.profile.at(dx, dy)
        if not derivatives:
            return value
        h = 1e-4
        by_x = (self.profile.at(dx - h, dy) - self.profile.at(dx + h, dy)) / (2 * h)
        by_y = (self.profile.at(dx, dy - h) - self.profile.at(dx, dy + h)) / (2 * h)
        return value, by_x, by_y


class Bound(NamedTuple):
    """Cramer-Rao bounds of each star, and its signal to noise if all else were known."""

    flux: np.ndarray
    x: np.ndarray
    y: np.ndarray
    ratio: np.ndarray

    def raised(self, flux):
        """Bound of each flux over what it were if all else were known, for stars of such fluxes."""
        return self.flux * self.ratio / flux


def cramer_rao(field, profile):
    """Bounds on flux and place of every star of a field, all of them unknown together.

    Pixels are independent and nearly Gaussian, of variance V = sky / gain + read noise^2 + flux
    p / gain, as they were drawn. Fisher's matrix of the fluxes and places of all stars is then
    F_jk = sum over pixels (dM/dj dM/dk) / V, with M the image without noise (the term of the
    variance's own derivative, 1 / (2 V gain^2) of it, is left out; it would lower the bound of flux
    by less than 0.1 % where V gain^2 > 400 as here). PSF and sky are taken as known. The bounds are
    the roots of the diagonal of the inverse of the whole matrix: a star beside another has a larger
    one. A scatter below it over many stars says that the bound, or the noise, is wrong.

    All true stars are in the matrix, those too faint to be found too. A bound limits estimators
    without bias. One that takes two stars for one, or leaves out a faint neighbour, is biased and
    may scatter less: stars whose neighbours raise the bound much are to be counted by themselves.
    """
    stars = Placed(field.x, field.y, field.flux)
    psf = TruePsf(profile, field.image.shape, profile.fwhm)
    noise = np.sqrt(field.sky_variance)
    matrix = design(stars, psf, noise, field.image.shape)
    n = len(field.x)
    model = matrix[:n].T @ field.flux
    weight = 1 / (field.sky_variance + model / field.gain)
    weighted = matrix.copy()
    weighted.data *= weight[weighted.indices]
    fisher = (weighted @ matrix.T).tocsc()
    bounds = np.sqrt(inverse_diagonal(fisher, n))
    return Bound(*np.split(bounds, 3), field.flux * np.sqrt(fisher.diagonal()[:n]))


class Match(NamedTuple):
    """Pairs of measured and true stars."""

    index: np.ndarray  #: of the measured star, -1 where it was not found
    false: int  #: number of measured stars without a true star


def match(field, x, y, radius=1.5):
    """Each measured star goes to the nearest true one, each true one takes the nearest of those."""
    distance, true = cKDTree(np.column_stack([field.x, field.y])).query(np.column_stack([x, y]))
    index = np.full(len(field.x), -1)
    for star in np.argsort(-distance, kind="stable"):
        if distance[star] < radius:
            index[true[star]] = star
    return Match(index, int(np.sum(distance > 2 * radius)))


def robust(values):
    """Standard deviation by the median absolute deviation."""
    return 1.4826 * np.median(abs(values - np.median(values)))


def spread(values):
    """Root mean square of values whose standard deviation is 1 at best, those beyond 5 left out.

    Of n Gaussian values it is known to 1 / sqrt(2 n), to which those beyond 5 add nothing. (The
    median absolute deviation of as many is known 1.65 times less well.) Biases count against it.
    """
    return np.sqrt(np.mean(values[abs(values) < FAR] ** 2))


def scores(field, bound, x, y, flux, error=None):
    """Numbers by name: completeness, false stars, bias, scatter over the bound, blends.

    Scatter is that of stars whose neighbours raise the bound by less than a tenth; that of the
    others, close blends, is a number of its own.
    """
    found = match(field, x, y)
    hit = found.index >= 0
    made = {
        f"complete {low}-{high}": hit[(bound.ratio > low) & (bound.ratio <= high)].mean()
        for low, high in ((20, 1e9), (10, 20), (5, 10))
    }
    made["false / stars"] = found.false / len(x)
    index = found.index[hit]
    change = flux[index] - field.flux[hit]
    ratio, raised = bound.ratio[hit], bound.raised(field.flux)[hit]
    bright = ratio > 50
    some, blends = (ratio > 10) & (raised < RAISED), (ratio > 10) & (raised >= RAISED)
    made["flux bias, S/N > 50"] = np.median((change / field.flux[hit])[bright])
    made["stars of the scatter"] = some.sum()
    scaled = change / bound.flux[hit]
    made["flux scatter / bound"] = spread(scaled[some])
    made["beyond 5 bounds"] = np.mean(abs(scaled[some]) >= FAR)
    made["the same, close blends"] = spread(scaled[blends]) if blends.any() else np.nan
    place = np.concatenate(
        [
            ((x[index] - field.x[hit]) / bound.x[hit])[some],
            ((y[index] - field.y[hit]) / bound.y[hit])[some],
        ]
    )
    made["centroid scatter / bound"] = spread(place)
    if error is not None:
        made["pulls of flux"] = spread((change / error[index])[some])
    strong = bound.ratio > 10
    tree = cKDTree(np.column_stack([field.x, field.y])[strong])
    pairs = tree.query_pairs(10.0, output_type="ndarray")
    made["blends < 10 px found"] = hit[strong][pairs].all(axis=1).mean()
    return made
