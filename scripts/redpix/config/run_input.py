"""Tables of pairs, stacks and images of a run, and whether they are all the run works on."""

import os
from pathlib import Path
from typing import NamedTuple

from redpix.config import own_input, run_settings
from redpix.config.coadd_names import named_coadd
from redpix.config.images_table import read_images
from redpix.config.pairs_table import pair_of_files, read_pairs, read_stacks
from redpix.core.exceptions import InputError
from redpix.io.image_path import image_file

#: keys of the configuration that name tables of images
KEYS = ("pairs", "stacks", "images")


class RunInput(NamedTuple):
    """Rows of the tables of a run.

    Attributes
    ----------
    pairs, stacks, images : list
        Rows of the tables, as the readers of each return them.
    alone : bool
        Whether the run works on two files, and has no tables.
    own : bool
        Whether the user brings all input, so that the run needs no field of a sky.
    targets : set of str
        Targets that the user's input asks for.
    """

    pairs: list
    stacks: list
    images: list
    alone: bool
    own: bool
    targets: set


def read_run_input(config, given, root, results, by_frames=False):
    """Return the rows of the tables of a run.

    Parameters
    ----------
    config : dict
        The completed configuration.
    given : dict
        Keys that the user set, with their values.
    root : Path
        Folder of redpix, which holds schemas and the demo's tables.
    results : str
        Folder of results.
    by_frames : bool
        Whether a table of frames gives the fields, in place of the survey.

    Returns
    -------
    RunInput

    Raises
    ------
    InputError
        One line per fault of a table, beginning with its key.
    """
    if config["science"] is not None:  # two files and nothing else
        try:
            files = [pair_of_files(config["science"], config["reference"])]
        except InputError as error:
            raise InputError(f"configuration: {error}") from None
        return RunInput(files, [], [], alone=True, own=True, targets={"transients"})
    read = readers(results)
    without_demo = rows_of_tables(config, root, read, with_demo=False)
    if by_frames and own_input.names_a_field(**without_demo):
        raise InputError(
            "frames: with pairs, stacks or images that name fields of the survey; allowed: files"
        )
    targets = own_input.targets_of_input(config)
    asked = own_input.asks_for_demo(given) or own_input.asks_for_sky(config)
    own = bool(targets) and not asked and not own_input.names_a_field(**without_demo)
    rows = without_demo if own else rows_of_tables(config, root, read, with_demo=True)
    return RunInput(**rows, alone=False, own=own, targets=targets)


def rows_of_tables(config, root, read, with_demo):
    """Return the rows of all tables of a run.

    Parameters
    ----------
    config : dict
        The completed configuration.
    root : Path
        Folder of redpix.
    read : dict of str to callable
        From `readers`.
    with_demo : bool
        Whether the demo's own tables stand in for keys that are null.

    Returns
    -------
    dict of str to list
        Rows by the key of the table.
    """
    return {key: run_settings.table_of_run(key, config, root, read[key], with_demo) for key in KEYS}


def readers(results):
    """Return the function that reads each table.

    Parameters
    ----------
    results : str
        Folder of results: a table may name coadds that the run will make there.

    Returns
    -------
    dict of str to callable
        ``read(path, schema, bands, of_demo)`` by the key of the table.
    """

    def will_exist(path):
        return Path(image_file(path)).is_file() or named_coadd(path, results) is not None

    def images(path, schema, bands, of_demo):
        # the images of the demo's table are simulated
        rows = read_images(path, schema, bands, (lambda _: True) if of_demo else os.path.isfile)
        return [row.within(results) for row in rows] if of_demo else rows

    return {
        "pairs": lambda path, schema, bands, _: read_pairs(path, schema, bands, will_exist),
        "stacks": lambda path, schema, bands, _: read_stacks(path, schema, bands, will_exist),
        "images": images,
    }
