"""Put a field's images and errors onto the north-up grid of its reference band."""

import numpy as np
from astropy.io import fits

from redpix.core.atomic_files import atomic
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.image.homography import homography
from redpix.image.masks import mask_cards
from redpix.image.wcs import frame_wcs, kept_cards, pixel_area, wcs_header
from redpix.pixels.register import alike, noise_correlation, north_up_grid, register
from redpix.pixels.resampling_engines import engine
from redpix.sdss.mask_table import read_masked

#: scale of a grid, in the frame's pixels, up to which interpolation does
COARSEST = 1.05


def read_frame(path):
    """Image, header and WCS of a frame."""
    with fits.open(path, memmap=False) as hdus:
        image, header = hdus[0].data, hdus[0].header
    try:
        return image, header, frame_wcs(header)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def write_registered(path, registered, header, grid):
    """HDUs SCI, ERR and MASK; the frame's own cards stay in the first."""
    cards = wcs_header(grid.wcs)
    primary = fits.PrimaryHDU(registered.image, header)
    primary.header.extend(cards)
    primary.header["EXTNAME"] = "SCI"
    error = fits.ImageHDU(registered.error, cards, name="ERR")
    error.header["BUNIT"] = ("nanomaggy", "1-sigma; right for sums over apertures")
    mask = fits.ImageHDU(registered.mask, cards, name="MASK")
    mask.header.extend(mask_cards())
    with atomic(path) as temporary:
        fits.HDUList([primary, error, mask]).writeto(temporary)


def main(snakemake):
    params, inputs = snakemake.params, snakemake.input
    project, reach = engine(params.engine)
    reference = params.bands.index(params.reference_band)
    image, _, wcs = read_frame(inputs.frames[reference])
    grid = north_up_grid(wcs, image.shape, params.pixel_scale)
    if params.engine == "reproject" and pixel_area(grid.wcs) > COARSEST**2 * pixel_area(wcs):
        raise InputError(
            f"registration.pixel_scale: {params.pixel_scale}: larger pixels than those of "
            f"{inputs.frames[reference]}; registration.engine reproject takes values between "
            "pixels and sums none; allowed with it: up to the frame's scale; montage and swarp sum"
        )
    known = []
    for band, frame, error, output in zip(
        params.bands, inputs.frames, inputs.errors, snakemake.output, strict=True
    ):
        image, header, wcs = read_frame(frame)
        masked = read_masked(inputs.masks, band)
        result = register(project, image, fits.getdata(error), wcs, grid, masked, reach)
        matrix = homography(wcs, grid.wcs, image.shape)
        # of a field's bands mostly one value
        correlation = next((value for other, value in known if alike(matrix, other)), None)
        if correlation is None:
            correlation = noise_correlation(project, wcs, grid, image.shape)
            known.append((matrix, correlation))
        kept = kept_cards(header)
        kept["ENGINE"] = (params.engine, "resampled by")
        kept["NOISECOR"] = (round(correlation, 4), "variance of one pixel / ERR**2, white noise")
        write_registered(output, result, kept, grid)
        log.info(
            "%s + %s -> %s: %d x %d pixels, %.2f %% without data, noise correlation %.3f",
            *(frame, error, output, *grid.shape[::-1]),
            *(100 * np.isnan(result.image).mean(), correlation),
        )
