"""The learner mdn: a small ensemble of mixture-density networks."""

import json
import logging

import numpy as np
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from redpix.core.backend import arrays as array_backend
from redpix.core.exceptions import InputError
from redpix.photoz import pdf
from redpix.photoz.learners.base import CLASSES, Prediction
from redpix.photoz.learners.mdn_training import PARTS, Course, MDNSettings, targets_of
from redpix.photoz.learners.mixture_network import COMPONENTS, forward, softmax
from redpix.photoz.learners.mixture_pdfs import MixtureGrid
from redpix.photoz.learners.mixture_training import HIDDEN
from redpix.photoz.learners.photometric_inputs import Layout, PhotometricInputs
from redpix.photoz.learners.tree_leaves import attribute_span
from redpix.photoz.split import group_folds

log = logging.getLogger("redpix")

#: minimum number of training galaxies
FEWEST = 10

#: rows that are predicted at a time; bounds the memory
ROWS = 2048

#: smallest density, relative to that of a standardised target; keeps integrals positive
TINY = 1e-30


class MDN:
    """The mean PDF of mixture-density networks, each trained without one part of the training set.

    A network gives a mixture of Gaussians in log(1 + z) and the probability of each class. It
    minimises the negative log-likelihood of the redshifts of galaxies and quasars and of the
    classes of all labelled vectors. The redshift is the median of the PDF. The augmentation and
    the number of epochs have the best log score of the first part, which the first network leaves
    out. A vector is outside the training set if an attribute is outside its range there.

    Parameters
    ----------
    networks : list of list of ndarray
        Layers of each network, as from `redpix.photoz.learners.mixture_network.start`.
    left_out : ndarray of int, shape (networks,)
        Fold that each network has not seen, -1 if there is only one.
    inputs : PhotometricInputs
        Inputs of the networks from the vectors.
    target : ndarray, shape (2,)
        Mean and standard deviation of log(1 + z) of the training set.
    labels : ndarray of int
        Labels of the classes; empty with fewer than two classes.
    span : ndarray, shape (2, attributes)
        Smallest and largest value of each attribute in the training set.
    grid : ndarray, shape (nodes,)
        Redshifts at which PDFs are given.
    trials : list of dict
        ``augmentation``, ``epochs`` and ``log_score`` of each choice that was tried; the last of
        the best is used.
    arrays : {"numpy", "torch", "cupy"}
        Kind of arrays.
    """

    def __init__(
        self, networks, left_out, inputs, target, labels, span, grid, trials=(), arrays="numpy"
    ):
        self.networks, self.left_out, self.inputs = networks, left_out, inputs
        self.target, self.labels, self.span, self.grid = target, labels, span, grid
        self.trials, self._arrays = list(trials), arrays

    @staticmethod
    def needs(settings):
        """Return the minimum number of training galaxies.

        Parameters
        ----------
        settings : dict
            Settings of the learner.

        Returns
        -------
        int
        """
        return FEWEST

    @classmethod
    def fit(cls, training, grid, n_threads=1, *, folds=None, **settings):
        """Return a learner of a training set.

        Parameters
        ----------
        training : redpix.photoz.learners.base.Training
            Training set.
        grid : ndarray, shape (nodes,)
            Redshifts at which PDFs are given.
        n_threads : int
            Number of threads.
        folds : ndarray of int, shape (n,), optional
            Fold of each row, which networks leave out. The default makes `PARTS` of whole groups.
        **settings : object
            The fields of `MDNSettings`.

        Returns
        -------
        MDN
        """
        settings = MDNSettings(**settings)
        if folds is None:
            count = min(PARTS, len(np.unique(training.group)))
            folds = group_folds(training.group, count, settings.seed)
        beside = settings.beside if training.vectors.shape[1] == settings.distance else 0
        layout = Layout(settings.bands, settings.errors, beside)
        sample, target, labels = targets_of(training)
        inputs = PhotometricInputs.fit(training.vectors, layout)
        course = Course(sample, inputs, folds, settings)
        with threadpool_limits(1):
            networks, left_out, trials = course.run(n_threads)
        span = attribute_span(training.vectors)
        return cls(networks, left_out, inputs, target, labels, span, grid, trials, settings.arrays)

    def without(self, fold):
        """Return the networks that have not seen a fold.

        Parameters
        ----------
        fold : int
            One of the folds of `fit`.

        Returns
        -------
        MDN
        """
        rows = np.flatnonzero(self.left_out == fold)
        return MDN(
            [self.networks[row] for row in rows],
            self.left_out[rows],
            self.inputs,
            self.target,
            self.labels,
            self.span,
            self.grid,
            self.trials,
            self._arrays,
        )

    def insight(self, names):
        """Return the number of networks, and the choices that were tried.

        Parameters
        ----------
        names : sequence of str
            Names of the attributes.

        Returns
        -------
        dict
        """
        return {"trained_networks": len(self.networks), "trials": self.trials}

    def arrays(self):
        """Return the learner as named arrays.

        Returns
        -------
        dict of str to ndarray
        """
        stored = {name: getattr(self, name) for name in ("left_out", "target", "labels", "span")}
        inputs = {f"input_{name}": array for name, array in self.inputs._asdict().items()}
        layers = zip(*self.networks, strict=True)
        return {
            **stored,
            **inputs,
            "input_layout": np.array(self.inputs.layout.numbers(), int),
            **{f"layer{number}": np.stack(layer) for number, layer in enumerate(layers)},
            "trials": np.array(json.dumps(self.trials)),
        }

    @classmethod
    def from_arrays(cls, arrays, grid, /, **settings):
        """Return the learner that these arrays describe.

        Parameters
        ----------
        arrays : mapping of str to ndarray
            From `arrays`.
        grid : ndarray, shape (nodes,)
            Redshifts at which PDFs are given.
        **settings : object
            Those of `fit`.

        Returns
        -------
        MDN

        Raises
        ------
        InputError
            If the arrays are those of boosted trees.
        ValueError
            If shapes do not agree, or a number is not finite.
        """
        if "z_left" in arrays:
            raise InputError("a model of boosting, boosted trees, which is gone; train one of mdn")
        plain = {
            name: arrays[f"input_{name}"] for name in PhotometricInputs._fields if name != "layout"
        }
        inputs = PhotometricInputs(Layout.of(arrays["input_layout"]), **plain)
        layers = [arrays[f"layer{number}"] for number in range(2 * len(HIDDEN) + 2)]
        learner = cls(
            [list(layer) for layer in zip(*layers, strict=True)],
            arrays["left_out"],
            inputs,
            arrays["target"],
            arrays["labels"],
            arrays["span"],
            grid,
            json.loads(str(arrays["trials"])),
            _available(settings.get("arrays", "numpy")),
        )
        learner.check()
        return learner

    def check(self):
        """Raise ValueError if the shapes of the arrays do not agree, or a number is not finite."""
        width = self.inputs.count
        for layers in self.networks:
            for weights, offsets in zip(layers[::2], layers[1::2], strict=True):
                if weights.shape != (width, *offsets.shape):
                    raise ValueError(f"a layer of shape {weights.shape} after {width} units")
                width = len(offsets)
            if width != 3 * COMPONENTS + len(self.labels):
                raise ValueError(f"{width} outputs of a network")
            width = self.inputs.count
        numbers = [layer for layers in self.networks for layer in layers] + [self.target]
        if not self.networks or not all(np.isfinite(array).all() for array in numbers):
            raise ValueError("networks are absent or not finite")
        attributes = self.span.shape[1]
        if len(self.left_out) != len(self.networks) or not self.target[1] > 0:
            raise ValueError("networks and their description differ")
        if np.any((self.labels < 0) | (self.labels >= len(CLASSES))):
            raise ValueError("unknown classes")
        self.inputs.transform(np.full((1, attributes), np.nan, np.float32))

    def predict(self, vectors, n_threads=1):
        """Predict vectors.

        Parameters
        ----------
        vectors : ndarray, shape (n, attributes)
            Finite attributes.
        n_threads : int
            Number of threads.

        Returns
        -------
        redpix.photoz.learners.base.Prediction
        """
        backend = array_backend(self._arrays)
        nodes = MixtureGrid(self.grid, self.target, backend)
        layers = [[backend.put(layer, np.float32) for layer in one] for one in self.networks]
        starts = range(0, max(len(vectors), 1), ROWS)
        with threadpool_limits(1):
            parts = Parallel(n_jobs=n_threads, prefer="threads")(
                delayed(self._predict)(vectors[start : start + ROWS], layers, nodes, backend)
                for start in starts
            )
        return Prediction.concatenate(parts)

    def _predict(self, vectors, layers, nodes, backend):
        """Predict some vectors."""
        values = backend.put(self.inputs.transform(vectors), np.float32)
        density = share = 0.0
        for one in layers:
            mixture = forward(one, values, backend.xp)
            density = density + nodes.densities(mixture)
            share = share + softmax(mixture.logits, backend.xp)
        pdfs = pdf.normalise(np.maximum(backend.take(density), TINY), self.grid)
        probability = np.full((len(vectors), len(CLASSES)), np.nan)
        if len(self.labels):
            probability[:] = 0
            probability[:, self.labels] = backend.take(share) / len(layers)
        outside = ((vectors < self.span[0]) | (vectors > self.span[1])).any(axis=1)
        redshift = pdf.quantiles(pdfs, [0.5], self.grid)[:, 0]
        return Prediction(redshift, pdfs, probability, outside)


def _available(kind):
    """Return a kind of arrays, or numpy where its package is not installed."""
    try:
        array_backend(kind)
    except InputError as error:
        log.warning("%s; the model's networks run on numpy", error)
        return "numpy"
    return kind
