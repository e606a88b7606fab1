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
        return image, header, frame_wcs(header)
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
    grid : redpix.pixels.register.Grid
        Its WCS is written into all HDUs.
    """
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
    engine : {"montage", "swarp", "reproject"}
        Program that resamples.
    pixel_scale : float, optional
        Size of the pixels of the grid in arcsec. The default is that of the reference band.

    Raises
    ------
    InputError
        If a WCS cannot be used, or the engine cannot sum the pixels of the frames.
    """
    project, reach = resampling_engine(engine)
    path = frames[bands.index(reference_band)]
    grid = field_grid(path, engine, pixel_scale)
    correlations = NoiseCorrelations(project, grid)
    for band, frame, error, output in zip(bands, frames, errors, registered, strict=True):
        image, header, wcs = read_frame(frame)
        masked = read_masked(masks, band)
        result = register(project, image, fits.getdata(error), wcs, grid, masked, reach)
        correlation = correlations.of_image(wcs, image.shape)
        kept = kept_cards(header)
        kept["ENGINE"] = (engine, "resampled by")
        kept["NOISECOR"] = (round(correlation, 4), "variance of one pixel / ERR**2, white noise")
        write_registered(output, result, kept, grid)
        rows, columns = grid.shape
        log.info(
            "%s + %s -> %s: %d x %d pixels, %.2f %% without data, noise correlation %.3f",
            frame,
            error,
            output,
            columns,
            rows,
            100 * np.isnan(result.image).mean(),
            correlation,
        )


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
    redpix.pixels.register.Grid

    Raises
    ------
    InputError
        If the WCS needs a grid longer than the frame's diagonal, or if the pixels of the grid are
        larger than those of the frame and the engine does not sum.
    """
    image, _, wcs = read_frame(path)
    grid = north_up_grid(wcs, image.shape, pixel_scale)
    # no rotation needs more than the diagonal; distortions are small
    longest = 2 + 1.5 * np.hypot(*image.shape) * np.sqrt(pixel_area(wcs) / pixel_area(grid.wcs))
    if not all(0 < side <= longest for side in grid.shape):
        rows, columns = grid.shape
        raise InputError(
            f"{path}: WCS that cannot be used: a north-up grid of {columns} x {rows} pixels; "
            f"allowed: up to {longest:.0f} in each direction"
        )
    if engine == "reproject" and pixel_area(grid.wcs) > COARSEST**2 * pixel_area(wcs):
        raise InputError(
            f"registration.pixel_scale: {pixel_scale}: larger pixels than those of {path}; "
            "registration.engine reproject interpolates and does not sum; allowed with it: up to "
            "the frame's scale; montage and swarp sum"
        )
    return grid


class NoiseCorrelations:
    """Noise correlations of the bands of a field, measured once per orientation of a frame.

    Parameters
    ----------
    project : callable
        Result of `redpix.pixels.resampling_engines.engine`.
    grid : redpix.pixels.register.Grid
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
        matrix = homography(wcs, self.grid.wcs, shape)
        for other, value in self.measured:
            if alike(matrix, other):
                return value
        value = noise_correlation(self.project, wcs, self.grid, shape)
        self.measured.append((matrix, value))
        return value
