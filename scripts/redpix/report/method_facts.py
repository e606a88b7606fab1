"""Settings of a method of redshifts in words: its facts, and the settings that were tried."""

from redpix.report.tables import DASH

#: names of settings in words; others have their underscores as spaces
NAMES = {
    "k": "neighbours, k",
    "exponent": "exponent of tempered PDFs",
    "errors": "errors among the attributes",
    "model": "trained model",
    "leaf": "smallest leaf",
    "size": "size of the map",
    "dropped_pixels": "pixels without usable values",
    "train": "training set",
    "test": "held-out objects",
    "target": "objects without a redshift",
}

#: columns of `tuning` that hold the score, with their title
SCORES = {
    "log_score": "mean log score, higher is better",
    "mean_abs_dz": "mean |Δz|, lower is better",
}


def method_facts(metrics):
    """Return the settings of a method and the sizes of its sets of objects, by label.

    Parameters
    ----------
    metrics : dict
        metrics.json of the method.

    Returns
    -------
    dict of str to str
        Settings that are off or empty are left out.
    """
    settings = {
        key: value
        for key, value in metrics.items()
        if value and key != "tuning" and not isinstance(value, dict)
    }
    facts = {label(key): text_of(value) for key, value in settings.items()}
    for name, count in metrics["split"].items():
        facts[label(name)] = f"{count['objects']:,} objects, {count['pixels']:,} pixels"
    return facts


def label(key):
    """Return the name of a setting in words.

    Parameters
    ----------
    key : str
        Key of metrics.json.

    Returns
    -------
    str
    """
    return NAMES.get(key, key.replace("_", " "))


def text_of(value):
    """Return the value of a setting as text.

    Parameters
    ----------
    value : object
        A float gets four digits. Items of a list, and of a dict with their keys, are joined.

    Returns
    -------
    str
    """
    if value is None:
        return DASH
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(text_of, value)) or DASH
    if isinstance(value, dict):
        return ", ".join(f"{label(key)} {text_of(one)}" for key, one in value.items()) or DASH
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def tried_settings(metrics):
    """Return the settings that cross-validation tried, as a table.

    Parameters
    ----------
    metrics : dict
        metrics.json of the method.

    Returns
    -------
    dict or None
        `score`, title of the scores; `rows`, a list of (settings, score, number of held-out
        vectors, whether they were chosen). None if nothing was tried.
    """
    tuning = metrics.get("tuning")
    if not tuning:
        return None
    key = next(name for name in SCORES if name in tuning[0])
    several = len({entry["method"] for entry in tuning}) > 1
    rows = []
    for entry in tuning:
        change = text_of(entry["change"]) if entry["change"] else "as configured"
        title = f"{entry['method']}: {change}" if several else change
        rows.append((title, f"{entry[key]:.4f}".replace("-", "−"), entry["n"], entry["chosen"]))
    return {"score": SCORES[key], "rows": rows}
