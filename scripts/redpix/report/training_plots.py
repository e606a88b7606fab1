"""Figures of training images: galaxies before and after, their fluxes and sizes against theory."""

import galsim
import numpy as np
from astropy.visualization import make_lupton_rgb
from matplotlib.figure import Figure

from redpix.simulation import rendering
from redpix.simulation.rendering import Galaxy

#: galaxies in the grid
SHOWN = 9


def stamp_colours(stamp, wavelengths):
    """The middle of a stamp in colour: red, green and blue in proportion to nanomaggies.

    Parameters
    ----------
    stamp : ndarray, shape (ny, nx, c)
    wavelengths : sequence of float
        Of the bands.
    """
    margin = stamp.shape[0] // 5
    count = stamp.shape[-1]
    # of five bands the middle three: the outer ones have the most noise
    places = [3, 2, 1] if count == 5 else [count - 1, count // 2, 0]
    chosen = np.argsort(wavelengths, kind="stable")[places]
    inner = stamp[margin : stamp.shape[0] - margin, margin : stamp.shape[1] - margin]
    colours = [inner[..., k] / inner[..., chosen[1]].max() for k in chosen]
    with np.errstate(invalid="ignore"):  # 0 / 0 where there is no light at all
        return make_lupton_rgb(*colours, stretch=0.15, Q=6)


def pair_figure(inputs, targets, z_in, z_out, wavelengths):
    """Galaxies at z_in above, the same at z_out below, each stretched by itself."""
    count = len(inputs)
    figure = Figure(figsize=(8.4, 2.3), layout="constrained")
    axes = figure.subplots(2, count, squeeze=False)
    for row, (stamps, redshifts) in enumerate(((inputs, z_in), (targets, z_out))):
        for axis, stamp, redshift in zip(axes[row], stamps, redshifts, strict=True):
            axis.imshow(stamp_colours(stamp, wavelengths), origin="lower", interpolation="nearest")
            axis.set_title(f"z = {redshift:.2f}", fontsize=7, pad=2)
            axis.set_axis_off()
    return figure


def half_light(stamp, scale):
    """Radius in arcsec of the circle about a stamp's middle that holds half of its light."""
    rows, columns = np.indices(stamp.shape) - (stamp.shape[0] - 1) / 2
    radius = np.hypot(rows, columns).ravel()
    order = np.argsort(radius, kind="stable")
    growth = np.cumsum(stamp.ravel()[order])
    # pixels of one radius count together, so that the curve is one of radii
    ends = np.flatnonzero(np.diff(radius[order], append=np.inf) > 1e-9)
    area = np.sqrt((ends + 1) / np.pi)
    return scale * np.interp(growth[-1] / 2, growth[ends], area)


def expected_half_light(row, end, light, fwhm, scale):
    """The same of the profile itself, through PSF and pixel, by GalSim.

    Parameters
    ----------
    row : namedtuple
        A row of truth.csv.
    end : str
        "in" or "out".
    light : (float, float)
        Fluxes of bulge and disk.
    fwhm : float
        Of the PSF, arcsec; 0 for none.
    scale : float
        Pixels, arcsec.
    """
    size = 1.0 if end == "in" else row.angular_factor
    galaxy = Galaxy(
        *(row.bulge_radius * size, row.disk_radius * size, row.sersic),
        *(row.axis_ratio, row.position_angle),
    )
    profile = rendering.galaxy_profile(galaxy, *light)
    if fwhm:
        psf = rendering.psf_profile(rendering.Psf(fwhm, beta=3.0))
        profile = galsim.Convolve(profile, psf)
    # GalSim measures it on an image of such pixels, which blur it
    return profile.calculateHLR(scale=scale)


def theory_figure(fluxes, sizes):
    """Measured fluxes over true ones, and measured half-light radii against expected ones.

    Parameters
    ----------
    fluxes : dict of str to (ndarray, ndarray)
        True fluxes and those in the stamps, by a name such as inputs.
    sizes : dict of str to (ndarray, ndarray)
        Expected and measured, arcsec.
    """
    figure = Figure(figsize=(8.4, 3.0), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, (true, found) in fluxes.items():
        left.plot(true, found / true - 1, ".", markersize=4, label=name)
    left.axhline(0, color="black", linewidth=0.8)
    left.set(xscale="log", xlabel="true flux (nanomaggies)", ylabel="in the stamp / true - 1")
    left.set_yscale("symlog", linthresh=1e-3)
    left.legend()
    top = 0.0
    for name, (expected, found) in sizes.items():
        right.plot(expected, found, ".", markersize=4, label=name)
        top = max(top, float(np.max(expected)))
    right.plot([0, top], [0, top], color="black", linewidth=0.8)
    right.set(xlabel="half-light radius, theory (arcsec)", ylabel="in the stamp (arcsec)")
    return figure


def residual_figure(images, band):
    """Targets, what was made of their inputs, and the differences, in one band.

    Parameters
    ----------
    images : dict of str to ndarray, shape (n, ny, nx, c)
        The first is the truth.
    band : int
    """
    (truth, true), *others = images.items()
    true = true[:SHOWN, ..., band]
    rows = [(truth, true, None)]
    for name, array in others:
        shown = array[:SHOWN, ..., band]
        rows += [(name, shown, None), (f"{name} - {truth}", shown - true, true)]
    figure = Figure(figsize=(8.4, 0.98 * len(rows)), layout="constrained")
    axes = figure.subplots(len(rows), len(true), squeeze=False)
    for line, (name, stamps, scale) in zip(axes, rows, strict=True):
        for axis, stamp, reference in zip(line, stamps, true, strict=True):
            top = reference.max()
            limits = (-0.02 * top, 0.7 * top) if scale is None else (-0.3 * top, 0.3 * top)
            colours = "gray" if scale is None else "RdBu_r"
            axis.imshow(stamp, cmap=colours, origin="lower", vmin=limits[0], vmax=limits[1])
            axis.set(xticks=[], yticks=[])
        line[0].set_ylabel(name.replace(" - ", "\n− ").replace("plain ", "plain\n"), fontsize=6)
    return figure
