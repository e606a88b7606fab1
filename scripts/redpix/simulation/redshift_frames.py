"""Cut galaxies out of registered frames and show them as they would look at another redshift."""

import json
from contextlib import ExitStack

import numpy as np
import pandas as pd
from astropy.io import fits

from redpix.catalogue.build import field_names
from redpix.core.atomic_files import atomic, write_text
from redpix.core.exceptions import InputError
from redpix.core.job import log, progress
from redpix.image.wcs import frame_wcs, pixel_area
from redpix.simulation import pixel_redshifting, redshifting, seds
from redpix.simulation.files import read_curves, read_distance, wavelengths

# WAVELENGTH of `seds` begins at 1000 Angstrom: u reaches it at this redshift
HIGHEST = 1.9


class Field:
    """Registered images of a field, and which object a pixel belongs to."""

    def __init__(self, registered, segments, psf, bands):
        self.flux, self.error = [], []
        unusable = False
        for path in registered:
            with fits.open(path, memmap=False) as hdus:
                self.flux.append(hdus["SCI"].data)
                self.error.append(hdus["ERR"].data)
                unusable = unusable | (hdus["MASK"].data != 0)
                self.wcs = frame_wcs(hdus["SCI"].header)
        self.unusable = unusable | ~np.isfinite(self.flux).all(axis=0)
        self.segments = fits.getdata(segments)
        self.scale = 3600 * np.sqrt(pixel_area(self.wcs))
        headers = [fits.getheader(psf, f"PSF_{band}") for band in bands]
        # measured in pixels of the frames, which the registered images' need not be
        measured = [header["FWHM"] * header["SCALE"] / self.scale for header in headers]
        self.fwhm = np.array([pixel_redshifting.sharp_fwhm(fwhm) for fwhm in measured])

    def cut(self, ra, dec, size):
        """Flux and error about a place, (size, size, c); None where the stamp leaves the image."""
        x, y = (float(place) for place in self.wcs.all_world2pix(ra, dec, 0))
        left, bottom = (round(place - (size - 1) / 2) for place in (x, y))
        box = np.s_[bottom : bottom + size, left : left + size]
        if left < 0 or bottom < 0 or self.segments[box].shape != (size, size):
            return None
        middle = self.segments[round(y), round(x)]
        if middle == 0 or self.unusable[round(y), round(x)]:
            return None
        others = (self.segments[box] != 0) & (self.segments[box] != middle)
        blank = others | self.unusable[box]
        flux = np.stack([image[box] for image in self.flux], axis=-1)
        error = np.stack([image[box] for image in self.error], axis=-1)
        flux[blank], error[blank] = 0.0, np.inf
        return flux.astype(float), error.astype(float)


def candidates(path, params):
    """Galaxies of the catalogue with a redshift in range, the brightest first."""
    objects = pd.read_csv(path, dtype={"id": "int64"})
    objects["name"] = field_names(objects)
    low, high = params.z_in
    chosen = objects[(objects["class"] == "GALAXY") & objects["redshift"].between(low, high)]
    if chosen.empty:
        raise InputError(
            f"{path}: no galaxy with a redshift from {low:g} to {high:g}; allowed: "
            "training_images.z_in in which the catalogue has some"
        )
    return chosen.sort_values([params.reference_band, "id"])


def redshifts(rng, z_in, params):
    """A redshift for the target: drawn from what of the range lies above z_in."""
    low, high = params.z_out
    if not z_in < high <= HIGHEST:
        raise InputError(
            f"training_images.z_out: {high:g} with z_in {z_in:g}; allowed: above z_in, up to "
            f"{HIGHEST:g}"
        )
    low = max(low, z_in)
    return high - (high - low) * rng.random()


def make_pair(stamp, row, scale, fwhm_in, params, grid, distance):
    """Input, its error, target, its error, and what the truth says of them."""
    rng = np.random.default_rng([params.seed, 10, row.id])
    z_out = redshifts(rng, row.redshift, params)
    pixels = params.pixel_scale_out or scale
    factor = float(redshifting.size_factor(distance, row.redshift, z_out, scale, pixels))
    if params.seeing is None:
        fwhm = fwhm_in * scale / pixels
    elif len(params.seeing) != len(params.bands):
        raise InputError(
            f"training_images.seeing: {len(params.seeing)} values for {len(params.bands)} bands; "
            "allowed: one a band"
        )
    else:
        fwhm = np.array(params.seeing) / pixels
    templates = pixel_redshifting.templates(grid, distance, row.redshift, z_out)
    try:
        flux, noise, spread = pixel_redshifting.redshifted(*stamp, templates, factor, fwhm_in, fwhm)
    except InputError as fault:
        raise InputError(f"galaxy {row.id}: {fault}") from None
    if params.targets == "observed":
        known = np.isfinite(stamp[1]).all(axis=-1)
        # sources have photon noise: the sky's is the least of a stamp
        sky = np.percentile(stamp[1][known], 10, axis=0) * (pixels / scale)
        flux, noise = pixel_redshifting.as_deep(rng, flux, noise, sky)
    truth = {"id": row.id, "ra": row.ra, "dec": row.dec, "field": row.name}
    truth |= {"z_in": row.redshift, "z_out": z_out, "size_factor": factor}
    for end, seeing, pixel in (("in", fwhm_in, scale), ("out", fwhm, pixels)):
        truth |= {f"pixel_scale_{end}": pixel}
        truth |= dict(zip([f"seeing_{end}_{b}" for b in params.bands], seeing * pixel, strict=True))
    return (*stamp, flux, np.hypot(noise, spread)), truth


def field_files(params, inputs):
    """Registered images, segments and PSF of each field by its name."""
    files = {}
    for name, *others in zip(params.fields, inputs.segments, inputs.psfs, strict=True):
        registered = [path for path in inputs.registered if f"/{name}-" in path]
        files[name] = (registered, *others)
    return files


def stamps_of(table, files, params):
    """Row, stamp and field of each galaxy that has room about it; a field's images are read once.

    No more than one stamp is kept.
    """
    for name, rows in progress(list(table.groupby("name")), "redshifting: fields"):
        field = Field(*files[name], params.bands)
        for row in rows.itertuples():
            stamp = field.cut(row.ra, row.dec, params.size)
            if stamp is not None:
                yield row, stamp, field


def chosen_galaxies(params, inputs, files):
    """The brightest galaxies that have room about them."""
    table = candidates(inputs.objects, params)
    table = table[table["name"].isin(params.fields)].head(4 * params.number)
    found = [row.id for row, _, _ in stamps_of(table, files, params)]
    if not found:
        raise InputError(
            f"{inputs.objects}: no galaxy found in the images has {params.size} pixels about it; "
            "allowed: training_images.size as large as galaxies are from the edges"
        )
    chosen = table[table["id"].isin(found)].head(params.number)
    log.info("%d galaxies of %d", len(chosen), len(table))
    return chosen.reset_index(drop=True)


def write_pairs(paths, params, inputs):
    """Write inputs, their errors, targets and theirs, a galaxy at a time; the truth in order."""
    if params.targets == "psf_free":
        raise InputError(
            "training_images.targets: psf_free with origin frames; allowed: observed, noiseless"
        )
    distance = read_distance(params.cosmology)
    step = 0.02 if params.z_out[1] <= HIGHEST else 1.0
    grid = seds.build_grid(tuple(params.bands), min(params.z_out[1], HIGHEST) + 0.02, step)
    files = field_files(params, inputs)
    chosen = chosen_galaxies(params, inputs, files)
    shape = (len(chosen), params.size, params.size, len(params.bands))
    arrays = [np.lib.format.open_memmap(path, "w+", np.float32, shape) for path in paths]
    truth = {}
    for row, stamp, field in stamps_of(chosen, files, params):
        pair, truth[row.Index] = make_pair(
            stamp, row, field.scale, field.fwhm, params, grid, distance
        )
        for array, part in zip(arrays, pair, strict=True):
            array[row.Index] = part
    for array in arrays:
        array.flush()
    return pd.DataFrame([truth[number] for number in sorted(truth)])


def main(snakemake):
    params, output = snakemake.params, snakemake.output
    names = ("inputs", "input_errors", "targets", "target_errors")
    with ExitStack() as stack:
        paths = [stack.enter_context(atomic(getattr(output, name))) for name in names]
        truth = write_pairs(paths, params, snakemake.input)
    for key in ("z_in", "z_out"):
        with atomic(getattr(output, key)) as temporary:
            np.save(temporary, truth[key].to_numpy(np.float32))
    with atomic(output.truth) as temporary:
        truth.to_csv(temporary, index=False, float_format="%.9g")
    facts = {
        **{"recipe": "frames", "axes": ["galaxy", "row", "column", "band"]},
        **{"bands": params.bands, "wavelengths": wavelengths(read_curves(params.bands)[1])},
        **{"unit": "nanomaggies", "scale": 1.0},
        **{"inputs": "observed", "targets": params.targets},
        # of the brightest galaxy; the truth has every galaxy's
        "pixel_scale": [float(truth[f"pixel_scale_{end}"][0]) for end in ("in", "out")],
        "cosmology": params.cosmology,
    }
    write_text(output.settings, json.dumps(facts, indent=1) + "\n")
