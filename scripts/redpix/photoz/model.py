"""What was learnt, whole: enough to predict other objects elsewhere, in arrays without pickles."""

import json
from dataclasses import dataclass, field

import numpy as np

from redpix.core.exceptions import InputError
from redpix.photoz.attributes import Attributes
from redpix.photoz.calibration import Calibration
from redpix.photoz.learners.boosting import Boosting
from redpix.photoz.learners.ensemble import Ensemble
from redpix.photoz.learners.gaussian_process import Process
from redpix.photoz.learners.knn import KNN
from redpix.photoz.learners.mlp import MLP
from redpix.photoz.learners.som import SOM
from redpix.photoz.learners.tpz import TPZ

#: learners by the name a configuration gives them
METHODS = {
    "knn": KNN,
    "mlp": MLP,
    "tpz": TPZ,
    "som": SOM,
    "boosting": Boosting,
    "ensemble": Ensemble,
}

#: learners of realisations of the training set within its errors
REALISING = ("tpz", "som")

#: format of the arrays; a reader refuses others
VERSION = 4


def known_kinds(method, kinds):
    """Kinds of attributes that a learner is given: errors too where it makes realisations."""
    return (*kinds, "errors") if method in REALISING and "errors" not in kinds else tuple(kinds)


def completed(method, settings, attributes):
    """A learner's settings with what it has to know of the attributes."""
    mixing = {"mixing": attributes.mixing}
    settings = {**settings, "errors": attributes.errors}
    if method == "ensemble":
        members = settings["members"].items()
        own = {name: {**one, **(mixing if name in REALISING else {})} for name, one in members}
        return {**settings, "members": own}
    return {**settings, **(mixing if method in REALISING else {})}


def shown_settings(settings):
    """Settings as a reader wants them: without what follows from the attributes."""
    plain = {key: value for key, value in settings.items() if key != "mixing"}
    if "members" in plain:
        plain["members"] = {name: shown_settings(own) for name, own in plain["members"].items()}
    return plain


@dataclass(frozen=True)
class Model:
    """A trained method.

    Parameters
    ----------
    method : str
        One of `METHODS`.
    settings : dict
        What the learner's ``fit`` takes beside the training and the grid, e.g.
        ``{"k": 30, "mode": "mean"}``.
    attributes : Attributes
    grid : ndarray, shape (nodes,)
        Redshifts at which densities are given.
    learners : dict
        Learners by what they were trained on: ``pixels`` on vectors of pixels, ``apertures`` on
        one vector an object, ``summaries`` on what an object's pixels say together, or
        ``objects`` on the rows of a table of magnitudes.
    calibrations : dict of str to Calibration
        What makes the densities of each combiner right, and those of one vector an object.
    exponent : float
        Of the product of the densities of an object's pixels.
    tuning : list of dict
        How candidates for the settings fared, as `redpix.photoz.tuning.tune` records it; empty
        where nothing was tuned.
    """

    method: str
    settings: dict
    attributes: Attributes
    grid: np.ndarray
    learners: dict
    calibrations: dict
    exponent: float = 1.0
    tuning: list = field(default_factory=list)

    def arrays(self):
        """The model as arrays by name, none of them of objects: for ``numpy.savez``.

        ``about`` is JSON; ``pixels_*`` and so on are the learners' own.
        """
        about = {
            "version": VERSION,
            "method": self.method,
            "settings": self.settings,
            "bands": self.attributes.bands,
            "named": self.attributes.named,
            "attributes": self.attributes.kinds,
            "learners": list(self.learners),
            "calibrations": self.calibrations,
            "exponent": self.exponent,
            "tuning": self.tuning,
        }
        return {
            "about": np.array(json.dumps(about)),
            "grid": self.grid,
            **{
                f"{part}_{name}": array
                for part, learner in self.learners.items()
                for name, array in learner.arrays().items()
            },
        }

    @classmethod
    def from_arrays(cls, arrays, name):
        """The model whose `arrays` these are.

        Parameters
        ----------
        arrays : mapping of str to ndarray
        name : str
            The file's name, for messages.

        Raises
        ------
        InputError
            If they are not a model, or one of another version.
        """
        try:
            about = json.loads(str(arrays["about"]))
            version, learner = about["version"], METHODS.get(about["method"])
        except (KeyError, TypeError, ValueError):
            raise InputError(f"{name}: not a model of this project") from None
        if version != VERSION or learner is None:
            raise InputError(
                f"{name}: a model of version {version}, method {about['method']}; "
                f"version {VERSION} of {', '.join(METHODS)} is understood"
            )
        grid = arrays["grid"]
        learners = {}
        for part in about["learners"]:
            own = {
                key.removeprefix(f"{part}_"): arrays[key]
                for key in arrays
                if key.startswith(f"{part}_")
            }
            if part == "summaries":
                learners[part] = Process.from_arrays(own, grid)
            else:
                learners[part] = learner.from_arrays(own, grid, **about["settings"])
        kinds, bands = tuple(about["attributes"]), tuple(about["bands"])
        return cls(
            method=about["method"],
            settings=about["settings"],
            attributes=Attributes(kinds, bands, about["named"]),
            grid=grid,
            learners=learners,
            calibrations={
                part: Calibration(scale, tuple(levels))
                for part, (scale, levels) in about["calibrations"].items()
            },
            exponent=about["exponent"],
            tuning=about["tuning"],
        )

    def insight(self):
        """What the learner of whole objects tells of itself, by name."""
        learner = self.learners.get("apertures") or self.learners["objects"]
        return learner.insight(self.attributes.of_aperture().names)

    def insight_of_pixels(self):
        """What the learner of pixels tells of itself, by name."""
        return self.learners["pixels"].insight(self.attributes.names)

    def check_fits(self, method, attributes, name):
        """Raise InputError, naming the file, unless it was trained as the configuration asks."""
        if "pixels" not in self.learners:
            raise InputError(f"{name}: trained on a table of objects; pixels need one of pixels")
        for key, own, asked in (
            ("method", (self.method,), (method,)),
            ("bands", self.attributes.bands, attributes.bands),
            ("photoz.attributes", self.attributes.kinds, attributes.kinds),
        ):
            if own != asked:
                raise InputError(
                    f"{name}: trained with {key} {' '.join(own)}, but the configuration has "
                    f"{' '.join(asked)}; they must agree"
                )
