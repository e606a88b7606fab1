"""Trained models: everything needed to predict other objects, as arrays without pickles."""

import json
from dataclasses import dataclass, field

import numpy as np

from redpix.core.exceptions import InputError
from redpix.photoz.attributes import Attributes
from redpix.photoz.calibration import Calibration, calibrate
from redpix.photoz.learners.gaussian_process import Process
from redpix.photoz.methods import METHODS
from redpix.photoz.model_origin import Origin

#: version of the format of the arrays; other versions are refused
VERSION = 5

#: end of the names of arrays in which numbers may be missing
MAY_LACK = "out_of_bag"


@dataclass(frozen=True)
class Model:
    """A trained model.

    Parameters
    ----------
    method : str
        One of `METHODS`.
    settings : dict
        Settings of the learner, such as ``{"k": 30, "mode": "mean"}``.
    attributes : redpix.photoz.attributes.Attributes
        Attributes of the vectors.
    grid : ndarray, shape (nodes,)
        Redshifts at which PDFs are given.
    learners : dict
        Learners by their training set: ``pixels``; ``apertures``, the summed fluxes of objects;
        ``summaries``, features of the pixels' predictions; ``objects``, a table of magnitudes.
    calibrations : dict of str to redpix.photoz.calibration.Calibration
        Calibrations of the PDFs, by the name of the estimate.
    exponent : float
        Exponent of the product of the pixels' PDFs.
    tuning : list of dict
        Record of `redpix.photoz.tuning.tune`; empty without tuning.
    origin : redpix.photoz.model_origin.Origin or None
        Training table, for the prediction of other tables; None for pixels.
    fluxes : {"pixels", "gaap"}
        Fluxes of objects: sums of their pixels, or Gaussian apertures before the seeing.
    """

    method: str
    settings: dict
    attributes: Attributes
    grid: np.ndarray
    learners: dict
    calibrations: dict
    exponent: float = 1.0
    tuning: list = field(default_factory=list)
    origin: Origin | None = None
    fluxes: str = "pixels"

    def arrays(self):
        """Return the model as named arrays of numbers and text, for ``numpy.savez``.

        Returns
        -------
        dict of str to ndarray
            ``about`` is JSON. The arrays of a learner begin with its name, as in ``pixels_*``.
        """
        about = {
            "version": VERSION,
            "method": self.method,
            "settings": self.settings,
            "bands": self.attributes.bands,
            "named": self.attributes.named,
            "softening": self.attributes.softening,
            "attributes": self.attributes.kinds,
            "learners": list(self.learners),
            "calibrations": self.calibrations,
            "exponent": self.exponent,
            "tuning": self.tuning,
            "origin": self.origin.about() if self.origin else None,
            "fluxes": self.fluxes,
        }
        return {
            "about": np.array(json.dumps(about)),
            "grid": self.grid,
            **(self.origin.arrays() if self.origin else {}),
            **{
                f"{part}_{name}": array
                for part, learner in self.learners.items()
                for name, array in learner.arrays().items()
            },
        }

    @classmethod
    def from_arrays(cls, arrays, name):
        """Return the model that these arrays describe.

        Parameters
        ----------
        arrays : mapping of str to ndarray
            From `arrays`.
        name : str
            Name of the file, for messages.

        Returns
        -------
        Model

        Raises
        ------
        InputError
            If the arrays are not a model of this version.
        ValueError
            If the arrays of a learner are damaged. They may raise other exceptions.
        """
        try:
            about = json.loads(str(arrays["about"]))
            version, learner = about["version"], METHODS.get(about["method"])
        except (KeyError, TypeError, ValueError):
            raise InputError(f"{name}: not a model of this project") from None
        if version != VERSION or learner is None:
            raise InputError(
                f"{name}: a model of version {version}, method {about['method']}; "
                f"allowed: version {VERSION} of {', '.join(METHODS)}"
            )
        grid = arrays["grid"]
        learners = {}
        for part in about["learners"]:
            stored = {
                key.removeprefix(f"{part}_"): arrays[key]
                for key in arrays
                if key.startswith(f"{part}_")
            }
            check_finite(stored)
            if part == "summaries":
                learners[part] = Process.from_arrays(stored, grid)
            else:
                learners[part] = learner.from_arrays(stored, grid, **about["settings"])
        kinds, bands = tuple(about["attributes"]), tuple(about["bands"])
        softening = tuple((band, float(b)) for band, b in about.get("softening", ()))
        return cls(
            method=about["method"],
            settings=about["settings"],
            attributes=Attributes(kinds, bands, about["named"], softening),
            grid=grid,
            learners=learners,
            calibrations={
                part: Calibration.of(values) for part, values in about["calibrations"].items()
            },
            exponent=about["exponent"],
            tuning=about["tuning"],
            origin=Origin.of(about["origin"], arrays) if about["origin"] else None,
            fluxes=about.get("fluxes", "pixels"),
        )

    def try_out(self):
        """Predict two made-up vectors with each learner, so that damage shows at once.

        Raises
        ------
        ValueError
            If a PDF is not finite. Damaged arrays may raise other exceptions.
        """
        if self.grid.ndim != 1 or len(self.grid) < 3 or not np.all(np.diff(self.grid) > 0):
            raise ValueError("the redshifts of the grid do not increase")
        widths = {
            "pixels": len(self.attributes.names),
            "objects": len(self.attributes.names),
            "apertures": len(self.attributes.of_aperture().names),
        }
        for part, width in widths.items():
            if part not in self.learners:
                continue
            prediction = self.learners[part].predict(np.zeros((2, width), np.float32))
            for calibration in self.calibrations.values():
                found = calibrate(prediction, calibration, self.grid, np.zeros((2, 2)))
                if found.pdf.shape != (2, len(self.grid)) or not np.isfinite(found.pdf).all():
                    raise ValueError(f"the learner of {part} gives no PDF")

    def insight(self):
        """Return a description of the learner of whole objects, by name.

        Returns
        -------
        dict
        """
        learner = self.learners.get("apertures") or self.learners["objects"]
        return learner.insight(self.attributes.of_aperture().names)

    def insight_of_pixels(self):
        """Return a description of the learner of pixels, by name.

        Returns
        -------
        dict
        """
        return self.learners["pixels"].insight(self.attributes.names)

    def check_fits(self, method, attributes, name, fluxes="pixels"):
        """Raise InputError if the model was not trained with the configured attributes.

        Parameters
        ----------
        method : str
            One of `METHODS`.
        attributes : redpix.photoz.attributes.Attributes
            Those of the configuration.
        name : str
            Name of the file, for messages.
        fluxes : {"pixels", "gaap"}
            Fluxes of objects of the configuration.

        Raises
        ------
        InputError
            If method, bands, fluxes or attributes differ, or if the model is not of pixels.
        """
        if "pixels" not in self.learners:
            raise InputError(f"{name}: a model of objects; allowed: a model of pixels")
        for key, trained, wanted in (
            ("method", (self.method,), (method,)),
            ("bands", self.attributes.bands, attributes.bands),
            ("photoz.attributes", self.attributes.kinds, attributes.kinds),
            ("photoz.object_fluxes", (self.fluxes,), (fluxes,)),
        ):
            if trained != wanted:
                raise InputError(
                    f"{name}: trained with {key} {' '.join(trained)}, but the configuration has "
                    f"{' '.join(wanted)}; they must agree"
                )


def check_finite(arrays):
    """Raise ValueError if a number of a learner is not finite.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        Arrays of one learner. Those whose names end with `MAY_LACK` hold predicted and true
        redshifts, NaN where a prediction is missing.
    """
    for name, array in arrays.items():
        if name.endswith(MAY_LACK):
            if array.ndim != 2 or len(array) != 2 or array.dtype.kind != "f":
                raise ValueError(f"{name} is not two rows of redshifts")
        elif array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ValueError(f"{name} has numbers that are not finite")
