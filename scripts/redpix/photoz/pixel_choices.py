"""Choices of a run on pixels."""

from typing import NamedTuple


class PixelChoices(NamedTuple):
    """Choices of a run on pixels: the keys of ``photoz`` in the configuration, and the seed."""

    method: str  #: one of `redpix.photoz.methods.METHODS`
    bands: list  #: names of the bands
    attributes: list  #: some of `redpix.photoz.attributes.KINDS`
    settings: dict  #: settings of the learner
    test_fraction: float  #: fraction of the groups that is held out for testing
    split_by: str  #: groups that are held out together: ``object`` or ``field``
    pixels_per_object: int | None  #: maximum number of training pixels per object; None for all
    tune: bool  #: choose the hyperparameters by cross-validation
    grid: list  #: smallest redshift, largest redshift and step of the PDFs, or ``auto``
    combiner: str  #: one of `redpix.photoz.estimates.WAYS`, whose redshift becomes ``z_phot``
    trained_model: str | None  #: file of the model to use; None to train one
    seed: int
    apertures: list = ()  #: tables of aperture fluxes, one per field; empty for sums of pixels
    combiner_pdfs: int = 100_000  #: maximum number of objects with PDFs of all combiners
