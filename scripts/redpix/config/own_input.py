"""Input that a user brings to a run, and whether the run works on it alone, without the demo."""

from redpix.config.pairs_table import is_field

#: the target that makes the products of each kind of input
TARGETS = {
    "science": "transients",
    "pairs": "transients",
    "stacks": "coadds",
    "images": "photometry",
    "night": "photometry",
    "photoz.tables": "photoz",
}


def targets_of_input(config):
    """Return the targets that make the products of the input that a configuration names.

    Parameters
    ----------
    config : Mapping
        The completed configuration.

    Returns
    -------
    set of str
    """
    named = {**config, "photoz.tables": config["photoz"]["tables"]}
    return {target for key, target in TARGETS.items() if named[key] is not None}


def asks_for_demo(given):
    """Return whether a user names stages of the demo sky, in the key demo.shows.

    Parameters
    ----------
    given : Mapping
        The keys that the user set, before defaults.

    Returns
    -------
    bool
    """
    return bool((given.get("demo") or {}).get("shows"))


def asks_for_sky(config):
    """Return whether a configuration asks for fields of a sky.

    Parameters
    ----------
    config : Mapping
        The completed configuration.

    Returns
    -------
    bool
        False if only the default, the demo sky, provides fields.
    """
    keys = ("fields", "shard", "gather")
    others = config["source"] != "demo" or config["catalogue"]["from"] != "demo"
    return others or any(config[key] is not None for key in keys)


def names_a_field(pairs, stacks, images):
    """Return whether an image of the user's tables is a field of a sky instead of a file.

    Parameters
    ----------
    pairs : list of redpix.config.pairs_table.Pair
        Rows of the table of pairs.
    stacks : list of redpix.config.pairs_table.StackRow
        Rows of the table of stacks.
    images : list of redpix.config.images_table.Image
        Images as the tables name them.

    Returns
    -------
    bool
    """
    exposures = [image for row in pairs for image in row.images] + [row.image for row in stacks]
    return any(map(is_field, exposures)) or any(row.frame for row in images)
