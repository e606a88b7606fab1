"""The methods of photometric redshifts: learners by name, their attributes and settings."""

from redpix.photoz.learners.ensemble import Ensemble
from redpix.photoz.learners.knn import KNN
from redpix.photoz.learners.mdn import MDN
from redpix.photoz.learners.som import SOM
from redpix.photoz.learners.tpz import TPZ

#: names in the configuration that mdn goes by, too, and what they were
OLD_NAMES = {"mlp": "the old name of mdn", "boosting": "gone, mdn runs in its place"}

#: learners by their name in the configuration, `OLD_NAMES` among them
METHODS = {
    "knn": KNN,
    "mdn": MDN,
    "mlp": MDN,
    "tpz": TPZ,
    "som": SOM,
    "boosting": MDN,
    "ensemble": Ensemble,
}

#: learners that perturb the training set within its errors
REALISING = ("tpz", "som")

#: learners of magnitudes and their errors
PHOTOMETRIC = ("mdn", *OLD_NAMES, "ensemble")


def known_kinds(method, kinds):
    """Return the kinds of attributes of a learner.

    Errors are added for learners that perturb the training set within its errors. Networks have
    all magnitudes in place of the brightness, from which they make their inputs.

    Parameters
    ----------
    method : str
        One of `METHODS`.
    kinds : sequence of str
        Some of `redpix.photoz.attributes.KINDS`.

    Returns
    -------
    tuple of str
    """
    if method in PHOTOMETRIC:
        kinds = ["magnitudes" if kind == "brightness" else kind for kind in kinds]
    if method in (*REALISING, *PHOTOMETRIC) and "errors" not in kinds:
        kinds = [*kinds, "errors"]
    return tuple(kinds)


def completed(method, settings, attributes, kinds=()):
    """Return the settings of a learner, completed with those that depend on the attributes.

    Parameters
    ----------
    method : str
        One of `METHODS`.
    settings : dict
        Settings of the learner.
    attributes : redpix.photoz.attributes.Attributes
        Attributes of the vectors.
    kinds : sequence of str
        Kinds of attributes that the configuration asks for; the default is those of the vectors.

    Returns
    -------
    dict
    """
    settings = {**settings, "errors": attributes.errors}
    if method == "ensemble":
        members = {}
        for name, one in settings["members"].items():
            members[name] = completed(name, one, attributes)
            members[name].pop("errors")
            if name == "knn" and kinds:
                members[name]["columns"] = attributes.columns_of(kinds)
        return {**settings, "members": members}
    if method in REALISING:
        return {**settings, "mixing": attributes.mixing}
    if method in PHOTOMETRIC:
        beside = attributes.of_pixels
        distance = len(attributes.names) if beside else 0
        bands = len(attributes.bands) if "magnitudes" in attributes.kinds else 0
        return {**settings, "bands": bands, "distance": distance, "beside": beside}
    return settings


def warn_of_old_names(method, settings, warn):
    """Say that a method is an old name of mdn.

    Parameters
    ----------
    method : str
        One of `METHODS`.
    settings : dict
        Settings of the learner.
    warn : callable
        Called with one line of text.
    """
    unused = {"mlp": "photoz.mlp.penalty", "boosting": "the keys of photoz.boosting"}
    for name, reason in OLD_NAMES.items():
        if name in (method, *settings.get("members", ())):
            warn(
                f"photoz: {name} is {reason} (mixture-density networks); {unused[name]}: no effect"
            )


def taken_vectors(method, settings, count):
    """Return how many training vectors the learners take that take fewer than they are given.

    Parameters
    ----------
    method : str
        One of `METHODS`.
    settings : dict
        Settings of the learner.
    count : int
        Number of training vectors.

    Returns
    -------
    dict of str to int
        Maximum number of vectors of a tree, a map or a model, by method.
    """
    members = settings["members"] if method == "ensemble" else {method: settings}
    return {
        name: one["vectors"] for name, one in members.items() if one.get("vectors", count) < count
    }


def shown_settings(settings):
    """Return the settings without those that depend on the attributes, for metrics.json.

    Parameters
    ----------
    settings : dict
        Settings of the learner.

    Returns
    -------
    dict
    """
    hidden = ("mixing", "columns", "bands", "distance", "beside")
    plain = {key: value for key, value in settings.items() if key not in hidden}
    if "members" in plain:
        plain["members"] = {name: shown_settings(one) for name, one in plain["members"].items()}
    return plain
