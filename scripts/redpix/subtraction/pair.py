"""States of a pair of exposures on its way to a difference."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from redpix.astrometry.align_pair import Alignment
from redpix.astrometry.star_comparison import ImageComparison
from redpix.psf.psf_model import MovedPsf, PsfModel
from redpix.subtraction.marked_score import MarkedTransients
from redpix.subtraction.mosaic import Mosaic
from redpix.subtraction.pair_noise import PairNoise
from redpix.subtraction.transients import Transients


class SubtractionSettings(NamedTuple):
    """Settings of a subtraction, named as the keys of `subtraction` in the configuration.

    Attributes
    ----------
    registration : {"wcs", "sources"}
        Start of the registration: the two WCS, or the sources alone.
    threshold : float
        Detection threshold of |Scorr|.
    background_mesh : int
        Side of the squares of the background, pixels.
    psf_error : float
        Relative error of the PSFs.
    space : {"fourier", "image"}
        As in `redpix.subtraction.zogy.subtract`.
    precision : {"float32", "float64"}
        Type of the images while they are subtracted.
    padding : int or None
        Minimum number of zeros about a tile, pixels; None for half of the larger PSF.
    flux_ratio : float or None
        Flux in the reference over that in the science image; None to measure it.
    match_background : bool
        Whether to subtract the background that the images do not share.
    match_reference : bool
        Whether to convolve the reference that is shown to the PSF of the science image.
    psf_engine : {"auto", "psfex", "effective"}
        As in `redpix.psf.psf_choice.fit_psf`.
    noise : {"measured", "given"}
        Whether variances are scaled to the noise that is measured on blank sky.
    marks : redpix.subtraction.marked_score.MarkedTransients or None
        Marks of a person that the score of transients learns from.
    name, band : str
        Names of the pair and of the band in the marks.
    compress : bool
        Whether the planes of the difference are compressed in their file.
    """

    registration: str
    threshold: float
    background_mesh: int
    psf_error: float
    space: str
    precision: str
    padding: int | None
    flux_ratio: float | None
    match_background: bool
    match_reference: bool
    psf_engine: str = "auto"
    noise: str = "measured"
    marks: MarkedTransients | None = None
    name: str = ""
    band: str = ""
    compress: bool = False


class Workspace(NamedTuple):
    """Programs, folder and processors of a subtraction.

    Attributes
    ----------
    programs : dict of str to str
        Settings files: keywords of `redpix.astrometry.align_pair.star_programs`.
    folder : Path
        Folder for the planes of a large difference while they are made.
    threads : int
    arrays : redpix.core.backend.NumpyBackend
        Backend of the arrays.
    """

    programs: dict
    folder: Path
    threads: int
    arrays: object


class RegisteredPair(NamedTuple):
    """Two images on the pixels of the science image.

    Attributes
    ----------
    new, reference : ndarray
        Images without their backgrounds; NaN in invalid pixels.
    new_variance, reference_variance : ndarray or None
        None once the images are subtracted.
    mask : ndarray of int16
        Bits of `redpix.image.masks` of either image.
    alignment : redpix.astrometry.align_pair.Alignment
        Its image is None: `reference`, `reference_variance` and `mask` hold it.
    psf_new, psf_reference : redpix.psf.psf_model.PsfModel or MovedPsf
    psf_source : str
        psfield, or the engines that made the PSFs.
    noise_scales : (float, float)
        Noise on blank sky over the error map, of each image.
    comparison : redpix.astrometry.star_comparison.ImageComparison
    names : str
        Name of the pair in messages.
    background : float
        Median of the background that was matched.
    uneven : float
        Share of the image in which it follows light of a smaller scale than its mesh.
    noise : redpix.subtraction.pair_noise.PairNoise
        Covariance of the noise.
    stand_in : bool
        Whether a PSF is a Moffat profile that stands in for one that could not be measured.
    stars : ndarray, shape (n, 2)
        0-based x and y of the stars that the PSF of the science image is made from.
    """

    new: np.ndarray
    reference: np.ndarray
    new_variance: np.ndarray | None
    reference_variance: np.ndarray | None
    mask: np.ndarray
    alignment: Alignment
    psf_new: PsfModel
    psf_reference: PsfModel | MovedPsf
    psf_source: str
    noise_scales: tuple
    comparison: ImageComparison
    names: str
    background: float = 0.0
    uneven: float = 0.0
    noise: PairNoise = PairNoise()
    stand_in: bool = False
    stars: np.ndarray = np.empty((0, 2))

    @property
    def fwhm(self):
        """FWHM of the wider PSF, pixels."""
        return max(self.psf_new.fwhm, self.psf_reference.fwhm)


class PairDifference(NamedTuple):
    """Difference of a registered pair on the pixels of the science image.

    Attributes
    ----------
    planes : redpix.subtraction.mosaic.Mosaic
        D, S, Scorr, alpha, alpha_error and variance; in files if the image is large.
    mask : ndarray of int16
    transients : redpix.subtraction.transients.Transients
    header : list of (str, object, str)
        FITS cards of D.
    new, reference : ndarray
        The images as they were subtracted, in the flux scale of the science image.
    """

    planes: Mosaic
    mask: np.ndarray
    transients: Transients
    header: list
    new: np.ndarray
    reference: np.ndarray
