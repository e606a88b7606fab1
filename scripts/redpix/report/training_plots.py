"""Figures of training images: galaxies before and after, fluxes and sizes against theory."""

import galsim
import numpy as np
from astropy.visualization import make_lupton_rgb
from matplotlib.figure import Figure

from redpix.report.mosaics import draw_stamp, empty_mosaic
from redpix.simulation import rendering
from redpix.simulation.rendering import Galaxy

#: maximum number of galaxies in a figure
SHOWN = 9

#: space between stamps along x, and along y for their titles, in units of a side
_GAPS = (0.08, 0.25)


def stamp_colours(stamp, wavelengths):
    """Return the middle of a stamp in colour, with red, green and blue proportional to flux.

    Parameters
    ----------
    stamp : ndarray, shape (ny, nx, c)
        Nanomaggies per pixel in c bands.
    wavelengths : sequence of float, length c
        Wavelengths of the bands.

    Returns
    -------
    ndarray of uint8, shape (ny', nx', 3)
        Black if the middle band has no light there.
    """
    margin = stamp.shape[0] // 5
    count = stamp.shape[-1]
    # the middle three of five bands, because the outer ones have the most noise
    ranks = [3, 2, 1] if count == 5 else [count - 1, count // 2, 0]
    chosen = np.argsort(wavelengths, kind="stable")[ranks]
    inner = stamp[margin : stamp.shape[0] - margin, margin : stamp.shape[1] - margin]
    peak = inner[..., chosen[1]].max()
    if not peak > 0:
        return np.zeros((*inner.shape[:2], 3), np.uint8)
    colours = [inner[..., k] / peak for k in chosen]
    with np.errstate(invalid="ignore"):  # 0 / 0 in black pixels
        return make_lupton_rgb(*colours, stretch=0.15, Q=6)


def pair_figure(inputs, targets, z_in, z_out, wavelengths):
    """Return a figure of galaxies at z_in above, and the same galaxies at z_out below.

    Parameters
    ----------
    inputs, targets : ndarray, shape (n, ny, nx, c)
        Stamps; each has its own stretch.
    z_in, z_out : sequence of float, length n
        Redshifts of inputs and targets.
    wavelengths : sequence of float, length c
        Wavelengths of the bands.

    Returns
    -------
    Figure
    """
    rows = ((inputs, z_in), (targets, z_out))
    pictures = [
        (stamp_colours(stamp, wavelengths), redshift)
        for stamps, redshifts in rows
        for stamp, redshift in zip(stamps, redshifts, strict=True)
    ]
    side = pictures[0][0].shape[0]
    axes, corners = empty_mosaic(2, len(inputs), side, 8.4 * max(len(inputs), 3) / SHOWN, _GAPS)
    for corner, (picture, redshift) in zip(corners, pictures, strict=True):
        draw_stamp(axes, corner, picture, None, None)
        left, low = corner
        axes.text(left, low + 1.03 * side, f"z = {redshift:.2f}", fontsize=7, va="bottom")
    return axes.figure


def half_light(stamp, scale):
    """Return the half-light radius of a stamp in arcsec, in circles about its middle.

    Parameters
    ----------
    stamp : ndarray, shape (ny, nx)
        Flux per pixel.
    scale : float
        Size of a pixel in arcsec.

    Returns
    -------
    float
    """
    rows, columns = np.indices(stamp.shape) - (stamp.shape[0] - 1) / 2
    radius = np.hypot(rows, columns).ravel()
    order = np.argsort(radius, kind="stable")
    growth = np.cumsum(stamp.ravel()[order])
    # pixels with the same radius count together
    ends = np.flatnonzero(np.diff(radius[order], append=np.inf) > 1e-9)
    area = np.sqrt((ends + 1) / np.pi)
    return scale * np.interp(growth[-1] / 2, growth[ends], area)


def expected_half_light(row, end, light, fwhm, scale):
    """Return the half-light radius of the profile of a galaxy, with PSF and pixel, by GalSim.

    Parameters
    ----------
    row : namedtuple
        A row of truth.csv.
    end : {"in", "out"}
        Before or after the change of redshift.
    light : (float, float)
        Fluxes of bulge and disk.
    fwhm : float
        FWHM of the PSF in arcsec; 0 without a PSF.
    scale : float
        Size of a pixel in arcsec.

    Returns
    -------
    float
        Arcsec.
    """
    size = 1.0 if end == "in" else row.angular_factor
    galaxy = Galaxy(
        row.bulge_radius * size,
        row.disk_radius * size,
        row.sersic,
        row.axis_ratio,
        row.position_angle,
    )
    profile = rendering.galaxy_profile(galaxy, *light)
    if fwhm:
        psf = rendering.psf_profile(rendering.Psf(fwhm, beta=3.0))
        profile = galsim.Convolve(profile, psf)
    # GalSim measures the radius on an image with pixels of this scale, which widen the profile
    return profile.calculateHLR(scale=scale)


def theory_figure(fluxes, sizes):
    """Return a figure of measured fluxes over true ones, and of measured and expected radii.

    Parameters
    ----------
    fluxes : dict of str to (ndarray, ndarray)
        True and measured fluxes in nanomaggies, by a name such as inputs.
    sizes : dict of str to (ndarray, ndarray)
        Expected and measured half-light radii in arcsec, by a name such as inputs.

    Returns
    -------
    Figure
    """
    figure = Figure(figsize=(8.4, 3.0), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, (true, measured) in fluxes.items():
        left.plot(true, measured / true - 1, ".", markersize=4, label=name)
    left.axhline(0, color="black", linewidth=0.8)
    left.set(xscale="log", xlabel="true flux (nanomaggies)", ylabel="in the stamp / true − 1")
    left.set_yscale("symlog", linthresh=1e-3)
    left.legend()
    for name, (expected, measured) in sizes.items():
        right.plot(expected, measured, ".", markersize=4, label=name)
    every = np.concatenate([expected for expected, _ in sizes.values()])
    ends = [np.min(every), np.max(every)]
    right.plot(ends, ends, color="black", linewidth=0.8)
    right.set(xlabel="half-light radius, theory (arcsec)", ylabel="in the stamp (arcsec)")
    return figure


def residual_figure(images, band):
    """Return a figure of targets, predictions from their inputs, and differences, in one band.

    Parameters
    ----------
    images : dict of str to ndarray, shape (n, ny, nx, c)
        Targets first, then predictions, by name.
    band : int
        Number of the band, 0-based.

    Returns
    -------
    Figure
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
