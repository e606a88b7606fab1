"""What was learnt, whole: enough to predict other objects elsewhere, in arrays without pickles."""

import json
from dataclasses import dataclass

import numpy as np

from redpix.exceptions import InputError
from redpix.photoz.attributes import Attributes
from redpix.photoz.knn import KNN

#: learners by the name a configuration gives them
METHODS = {"knn": KNN}

#: format of the arrays; a reader refuses others
VERSION = 2


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
    pixels, apertures : learner
        Trained on vectors of pixels, and on one vector an object.
    scales : dict of str to float
        Factor that makes the widths of each combiner's densities right, and the aperture's
        (`redpix.photoz.combine.width_scale`).
    """

    method: str
    settings: dict
    attributes: Attributes
    grid: np.ndarray
    pixels: object
    apertures: object
    scales: dict

    def arrays(self):
        """The model as arrays by name, none of them of objects: for ``numpy.savez``.

        ``about`` is JSON; ``pixels_*`` and ``apertures_*`` are the learners' own.
        """
        about = {
            "version": VERSION,
            "method": self.method,
            "settings": self.settings,
            "bands": self.attributes.bands,
            "attributes": self.attributes.kinds,
            "scales": self.scales,
        }
        learners = {"pixels": self.pixels, "apertures": self.apertures}
        return {
            "about": np.array(json.dumps(about)),
            "grid": self.grid,
            **{
                f"{part}_{name}": array
                for part, learner in learners.items()
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
        parts = {}
        for part in ("pixels", "apertures"):
            own = {
                key.removeprefix(f"{part}_"): arrays[key]
                for key in arrays
                if key.startswith(f"{part}_")
            }
            parts[part] = learner.from_arrays(own, grid, **about["settings"])
        return cls(
            method=about["method"],
            settings=about["settings"],
            attributes=Attributes(tuple(about["attributes"]), tuple(about["bands"])),
            grid=grid,
            scales=about["scales"],
            **parts,
        )

    def check_fits(self, method, attributes, name):
        """Raise InputError, naming the file, unless it was trained as the configuration asks."""
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
