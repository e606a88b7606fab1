"""Put a field's images and errors onto the north-up grid of its reference band."""

import numpy as np
from astropy.io import fits

from redpix.core.atomic_files import atomic
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.image.homography import homography
from redpix.image.masks import mask_cards
from redpix.image.pixel_map import local_scale, same_planes
from redpix.image.wcs import image_wcs, kept_cards, pixel_area, wcs_header
from redpix.io.fits_writing import write_fits
from redpix.pixels.grid import north_up_grid
from redpix.pixels.noise_correlation import alike, noise_correlation, plane_at_centre
from redpix.pixels.register import register
from redpix.pixels.resampling_engines import TANGENT_ONLY
from redpix.pixels.resampling_engines import engine as resampling_engine
from redpix.sdss.mask_table import read_masked

#: maximum pixel scale of a grid relative to the frame, for an engine that interpolates
COARSEST = 1.05


def read_frame(path):
    """Read image, header and WCS of a frame.

    Parameters
    ----------
    path : str
        FITS file.

    Returns
    -------
    image : ndarray, shape (ny, nx)
    header : astropy.io.fits.Header
    wcs : astropy.wcs.WCS

    Raises
    ------
    InputError
        If the WCS cannot be used.
    """
    with fits.open(path, memmap=False) as hdus:
        image, header = hdus[0].data, hdus[0].header
    try:
        return image, header, image_wcs(header)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def write_registered(path, registered, header, grid):
    """Write the HDUs SCI, ERR and MASK of a registered image.

    Parameters
    ----------
    path : str
        FITS file to write.
    registered : redpix.pixels.register.RegisteredFrame
        Image, error and mask.
    header : astropy.io.fits.Header
        Cards of the frame that SCI keeps.
    grid : redpix.pixels.grid.Grid
        Its WCS is written into all HDUs.
    """
    cards = wcs_header(grid.wcs)
    primary = fits.PrimaryHDU(registered.image, header)
    primary.header.extend(cards)
    primary.header["EXTNAME"] = "SCI"
    error = fits.ImageHDU(registered.error, cards, name="ERR")
    unit = header.get("BUNIT", "nanomaggy")
    error.header["BUNIT"] = (unit, "1-sigma; right for sums over apertures")
    mask = fits.ImageHDU(registered.mask, cards, name="MASK")
    mask.header.extend(mask_cards())
    with atomic(path) as temporary:
        write_fits(temporary, fits.HDUList([primary, error, mask]))


def register_field(
    frames, errors, masks, registered, bands, reference_band, engine, pixel_scale=None
):
    """Register all bands of a field to the north-up grid of the reference band.

    Parameters
    ----------
    frames, errors : list of str
        FITS files of the images and of their 1-sigma error maps in nanomaggies, one per band.
    masks : str
        FITS file with the survey's mask of each band.
    registered : list of str
        FITS files to write, one per band, with the HDUs SCI, ERR and MASK.
    bands : list of str
        Bands in the order of the files.
    reference_band : str
        The band whose WCS defines the grid.
    engine : {"montage", "swarp", "reproject", "drizzle"}
        Program that resamples. A band that it cannot resample is resampled with drizzle.
    pixel_scale : float, optional
        Size of the pixels of the grid in arcsec. The default is that of the reference band.

    Raises
    ------
    InputError
        If a WCS cannot be used, or the engine cannot sum the pixels of the frames.
    """
    path = frames[bands.index(reference_band)]
    grid = field_grid(path, engine, pixel_scale)
    engines = {name: resampling_engine(name) for name in (engine, "drizzle")}
    correlations = {name: NoiseCorrelations(engines[name][0], grid) for name in engines}
    for band, frame, error, output in zip(bands, frames, errors, registered, strict=True):
        image, header, wcs = read_frame(frame)
        used = engine_of_band(engine, wcs, image.shape, grid, frame)
        project, reach = engines[used]
        masked = read_masked(masks, band)
        result = register(project, image, fits.getdata(error), wcs, grid, masked, reach)
        correlation = correlations[used].of_image(wcs, image.shape)
        kept = kept_cards(header)
        kept["ENGINE"] = (used, "resampled by")
        kept["NOISECOR"] = (round(correlation, 4), "variance of one pixel / ERR**2, white noise")
        write_registered(output, result, kept, grid)
        rows, columns = grid.shape
        empty = np.isnan(result.image).mean()
        del image, result  # before those of the next band are read
        log.info(
            "%s + %s -> %s: %d x %d pixels, %.2f %% without data, noise correlation %.3f",
            frame,
            error,
            output,
            columns,
            rows,
            100 * empty,
            correlation,
        )


def engine_of_band(engine, wcs, shape, grid, name):
    """Return the engine that resamples a band.

    Parameters
    ----------
    engine : str
        Engine of the configuration.
    wcs : astropy.wcs.WCS
        WCS of the band.
    shape : (int, int)
        Rows and columns of the band.
    grid : redpix.pixels.grid.Grid
        Pixels of the registered images.
    name : str
        Name of the image in messages.

    Returns
    -------
    str
        ``drizzle`` where the engine is limited to tangent planes and the band is not one, or where
        the engine interpolates and the band has smaller pixels than the grid.
    """
    if engine in TANGENT_ONLY and not same_planes(wcs, grid.wcs):
        log.info("%s: not a tangent plane, which %s needs: resampled by drizzle", name, engine)
        return "drizzle"
    if engine == "reproject" and pixel_area(grid.wcs) > (COARSEST * local_scale(wcs, shape)) ** 2:
        log.warning(
            "%s: smaller pixels than those of the grid, and reproject interpolates and does not "
            "sum: resampled by drizzle",
            name,
        )
        return "drizzle"
    return engine


def field_grid(path, engine, pixel_scale):
    """Return the north-up grid of a frame.

    Parameters
    ----------
    path : str
        FITS file of the reference band.
    engine : str
        Program that resamples.
    pixel_scale : float or None
        Size of the pixels of the grid in arcsec; None for that of the frame.

    Returns
    -------
    redpix.pixels.grid.Grid

    Raises
    ------
    InputError
        If the WCS needs a grid longer than the frame's diagonal, or if the pixels of the grid are
        larger than those of the frame and the engine does not sum.
    """
    image, _, wcs = read_frame(path)
    grid = north_up_grid(wcs, image.shape, pixel_scale)
    # no rotation needs more than the diagonal; distortions are small
    side = local_scale(wcs, image.shape)
    longest = 2 + 1.5 * np.hypot(*image.shape) * side / np.sqrt(pixel_area(grid.wcs))
    if not all(0 < side <= longest for side in grid.shape):
        rows, columns = grid.shape
        raise InputError(
            f"{path}: WCS that cannot be used: a north-up grid of {columns} x {rows} pixels; "
            f"allowed: up to {longest:.0f} in each direction"
        )
    if engine == "reproject" and pixel_area(grid.wcs) > (COARSEST * side) ** 2:
        raise InputError(
            f"registration.pixel_scale: {pixel_scale}: larger pixels than those of {path}; "
            "registration.engine reproject interpolates and does not sum; allowed with it: up to "
            "the frame's scale; montage, swarp and drizzle sum"
        )
    return grid


class NoiseCorrelations:
    """Noise correlations of the bands of a field, measured once per orientation of a frame.

    Parameters
    ----------
    project : callable
        Result of `redpix.pixels.resampling_engines.engine`.
    grid : redpix.pixels.grid.Grid
        Pixels of the registered images.
    """

    def __init__(self, project, grid):
        self.project, self.grid, self.measured = project, grid, []

    def of_image(self, wcs, shape):
        """Return the variance of one pixel over ERR**2 for an image of white noise.

        Parameters
        ----------
        wcs : astropy.wcs.WCS
            WCS of the image.
        shape : (int, int)
            Rows and columns of the image.

        Returns
        -------
        float
        """
        plane = plane_at_centre(wcs, shape, self.grid)
        matrix = homography(plane, self.grid.wcs, shape)
        for other, value in self.measured:
            if alike(matrix, other):
                return value
        value = noise_correlation(self.project, plane, self.grid, shape)
        self.measured.append((matrix, value))
        return value
