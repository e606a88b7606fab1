"""Train the networks of the learner mdn: choose augmentation and epochs, and leave out folds."""

from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed

from redpix.core.backend import arrays as array_backend
from redpix.photoz.learners import mixture_training
from redpix.photoz.learners.base import STAR
from redpix.photoz.learners.mixture_training import BATCH, NetworkSample, Schedule, TrainingPlan

#: number of parts of the training set; network i leaves out part i modulo `PARTS`
PARTS = 5

#: augmentations that are tried, with the smallest number of epochs
AUGMENTATIONS, EPOCHS = (0.0, 0.5), 30

#: maximum number of steps of the smallest number of epochs, which large training sets reach
FIRST_STEPS = 1500

#: multiples of the number of epochs that are tried in turn, and the smallest gain of the log score
#: that is worth each. Averaged networks gain by the first even where one network loses a little.
LONGER = {2: -0.03, 4: 0.005}

#: maximum number of held-out vectors that choose them
MOST_HELD = 20_000


class MDNSettings(NamedTuple):
    """Settings of the learner."""

    networks: int  #: number of networks, at least one per fold
    seed: int  #: seed of the random numbers
    epochs: int | None = None  #: passes over the training set; None chooses
    augmentation: float | None = None  #: see `TrainingPlan`; None chooses
    steps: int = 6000  #: maximum number of steps of a network
    arrays: str = "numpy"  #: kind of arrays
    bands: int = 0  #: see `Layout`
    errors: int = 0  #: see `Layout`
    distance: int = 0  #: width of the vectors that have columns of pixels alone; 0: none
    beside: int = 1  #: number of these columns, which lie before the errors


def targets_of(training):
    """Return what the networks learn of a training set.

    Parameters
    ----------
    training : redpix.photoz.learners.base.Training
        Training set.

    Returns
    -------
    sample : NetworkSample
    target : ndarray, shape (2,)
        Mean and standard deviation of log(1 + z), which the values are relative to.
    labels : ndarray of int
        Labels of the classes; empty with fewer than two classes.
    """
    moving = training.label != STAR
    value = np.log1p(np.where(moving, training.redshift, 0.0))
    target = np.array([value[moving].mean(), value[moving].std() or 1.0])
    labels = np.unique(training.label[training.label >= 0])
    labels = labels if len(labels) > 1 else labels[:0]
    sample = NetworkSample(
        training.vectors,
        np.where(moving, (value - target[0]) / target[1], 0).astype(np.float32),
        moving.astype(np.float32),
        (training.label[:, None] == labels).astype(np.float32),
    )
    return sample, target, labels


class Course:
    """The training of all networks on a sample.

    Parameters
    ----------
    sample : NetworkSample
        From `targets_of`.
    inputs : redpix.photoz.learners.photometric_inputs.PhotometricInputs
        Inputs of the networks from the vectors.
    folds : ndarray of int, shape (n,)
        Fold of each row.
    settings : MDNSettings
        Settings of the learner.
    """

    def __init__(self, sample, inputs, folds, settings):
        self._sample, self._inputs, self._settings = sample, inputs, settings
        self._folds, self._parts = folds, np.unique(folds)
        self._backend = array_backend(settings.arrays)

    def run(self, n_threads):
        """Train the networks.

        Parameters
        ----------
        n_threads : int
            Number of threads; the results do not depend on it.

        Returns
        -------
        networks : list of list of ndarray
        left_out : ndarray of int
            Fold that each network has not seen, -1 if there is only one.
        trials : list of dict
            Choices that were tried.
        """
        parts = self._parts
        if len(parts) < 2:
            plan = TrainingPlan(self._settings.epochs or EPOCHS, 0.0, self._settings.steps)
            return [self._train(0, -1, plan)], np.array([-1]), []
        first, plan, trials = self._choose(n_threads)
        count = max(self._settings.networks, len(parts))
        left_out = parts[np.arange(count) % len(parts)]
        others = Parallel(n_jobs=n_threads, prefer="threads")(
            delayed(self._train)(number, left_out[number], plan) for number in range(1, count)
        )
        return [first, *others], left_out, trials

    def _train(self, number, fold, plan):
        """Return a network of the rows outside a fold."""
        sample = self._sample.take(self._folds != fold)
        return mixture_training.fit(
            sample, self._inputs, plan, [self._settings.seed, 5, number], self._backend
        )

    def _choose(self, n_threads):
        """Return the best network without the first part, its plan, and all that were tried."""
        held = np.flatnonzero(self._folds == self._parts[0])
        held = self._sample.take(held[:: -(-len(held) // MOST_HELD)])
        trials, tried = [], {}

        def attempt(plans):
            new = [plan for plan in plans if plan not in tried]
            networks = Parallel(n_jobs=n_threads, prefer="threads")(
                delayed(self._train)(0, self._parts[0], plan) for plan in new
            )
            for plan, one in zip(new, networks, strict=True):
                score = mixture_training.log_score(one, held, self._inputs, self._backend)
                tried[plan] = (score, one)
                trials.append({**plan._asdict(), "log_score": round(score, 4)})

        attempt(self._first_plans())
        best = max(tried, key=lambda plan: tried[plan][0])
        first = best.epochs
        for factor, worth in LONGER.items() if self._settings.epochs is None else ():
            longer = best._replace(epochs=factor * first)
            if self._length(longer) == self._length(best):
                continue
            attempt([longer])
            gain = tried[longer][0] - tried[best][0]
            best = longer if gain > worth else best
            if gain <= 0:
                break
        return tried[best][1], best, trials

    def _first_plans(self):
        """Return the plans of the smallest number of epochs, one per augmentation."""
        settings = self._settings
        few = FIRST_STEPS * BATCH / np.sum(self._folds != self._parts[0])
        epochs = settings.epochs or float(min(EPOCHS, round(few, 1)))
        augmentations = AUGMENTATIONS if settings.augmentation is None else (settings.augmentation,)
        if not (settings.bands and settings.errors):
            augmentations = (0.0,)
        return [
            TrainingPlan(epochs, augmentation, settings.steps) for augmentation in augmentations
        ]

    def _length(self, plan):
        """Return the number of steps of a plan."""
        count = int(np.sum(self._folds != self._parts[0]))
        return Schedule.of(count, plan.epochs, plan.steps).steps
