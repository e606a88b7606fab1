"""Compare the stamps of training images with theory: their fluxes and half-light radii."""

import numpy as np

from redpix.report.training_plots import expected_half_light, half_light
from redpix.report.verdict_training import median_ratio

#: maximum number of galaxies whose fluxes and sizes are measured
MEASURED = 60


def measure_stamps(inputs, targets, truth, settings):
    """Return fluxes and half-light radii of the first galaxies in the middle band.

    Parameters
    ----------
    inputs, targets : ndarray, shape (n, ny, nx, c)
        Stamps in nanomaggies.
    truth : DataFrame
        truth.csv.
    settings : dict
        settings.json.

    Returns
    -------
    fluxes : dict of str to (ndarray, ndarray)
        True and measured fluxes in nanomaggies, of inputs and targets with their kind.
    sizes : dict of str to (list, list)
        Expected and measured half-light radii in arcsec, of inputs and targets.
    """
    number = len(settings["bands"]) // 2
    band, fwhm = settings["bands"][number], settings["seeing"][number]
    scales = settings["pixel_scale"]
    rows = truth.head(MEASURED)
    rows = rows.assign(angular_factor=rows["size_factor"] * scales[1] / scales[0])
    fluxes, sizes = {}, {}
    for name, end, array, scale in (
        ("inputs", "in", inputs, scales[0]),
        ("targets", "out", targets, scales[1]),
    ):
        stamps = np.array(array[: len(rows), ..., number], dtype=float)
        light = rows[[f"{name}_flux_{end}_{band}" for name in ("bulge", "disk")]].to_numpy()
        fluxes[f"{name}, {settings[name]}"] = (light.sum(axis=1), stamps.sum(axis=(1, 2)))
        psf = 0.0 if settings[name] == "psf_free" else fwhm
        sizes[name] = (
            [
                expected_half_light(row, end, both, psf, scale)
                for row, both in zip(rows.itertuples(), light, strict=True)
            ],
            [half_light(stamp, scale) for stamp in stamps],
        )
    return fluxes, sizes


def check_stamps(inputs, targets, theory=None, network=None):
    """Return what the verdict says about training images.

    Parameters
    ----------
    inputs, targets : ndarray, shape (n, ny, nx, c)
        Stamps.
    theory : (dict, dict), optional
        From `measure_stamps`.
    network : dict, optional
        metrics.json of the network.

    Returns
    -------
    dict
        `number` of galaxies that were looked at, and `dark`, the number of those with a stamp
        without light in its middle band, or with a value that is not finite; `flux` and
        `half-light radius`, medians of measured over expected values with their sampling errors;
        `network`, the errors of images from the network and by plain resampling.
    """
    number, middle = min(len(inputs), MEASURED), inputs.shape[-1] // 2
    dark = np.zeros(number, bool)
    for stamps in (inputs[:number], targets[:number]):
        dark |= ~np.isfinite(stamps).all(axis=(1, 2, 3))
        dark |= ~(np.asarray(stamps[..., middle], float).sum(axis=(1, 2)) > 0)
    checks = {"number": number, "dark": int(dark.sum())}
    if theory:
        fluxes, sizes = theory
        checks["flux"] = {
            name.partition(",")[0]: median_ratio(seen, true)
            for name, (true, seen) in fluxes.items()
        }
        checks["half-light radius"] = {
            name: median_ratio(seen, expected) for name, (expected, seen) in sizes.items()
        }
    if network:
        checks["network"] = (network["network"]["image"], network["plain_resampling"]["image"])
    return checks
