"""Tables and inputs of the program MLZ 1.2 (Carrasco Kind & Brunner 2013, 2014).

MLZ reads blank-separated tables of numbers. An inputs file names their columns: the error of the
attribute X is in the column eX, and the column KeyAtt is the one to predict. Each line of the
inputs file is a key, a colon and a value, separated by blanks. MLZ takes a value with commas as a
list, and a value with a slash as a folder.
"""

import re

import numpy as np

from redpix.core.exceptions import InputError
from redpix.photoz.learners.som_maps import map_size

#: name of the column that MLZ predicts
KEY = "zspec"

#: number of realisations of the training set within its errors; the first has no noise added
REALISATIONS = 4

#: MLZ's name of each topology of a map
_TOPOLOGIES = {"rectangular": "grid", "hexagonal": "hex", "spherical": "sphere"}


def plain_names(attributes):
    """Return the names of the attributes, in characters that MLZ can read.

    Parameters
    ----------
    attributes : redpix.photoz.attributes.Attributes
        Attributes of the vectors.

    Returns
    -------
    list of str
        Without the errors.

    Raises
    ------
    InputError
        If there is only one attribute, or two names are equal.
    """
    names = attributes.names[: len(attributes.names) - attributes.errors]
    plain = [re.sub(r"[^A-Za-z0-9_.+-]", "_", name) for name in names]
    reserved = ["id", KEY, *plain] + [f"e{name}" for name in plain]
    double = [name for name in reserved if reserved.count(name) > 1]
    if double:
        raise InputError(
            f"photoz.attributes: two columns of MLZ's would be {double[0]}; rename one"
        )
    if len(plain) < 2:
        raise InputError("photoz.attributes: MLZ needs at least two attributes besides errors")
    return plain


def columns(attributes):
    """Return the names of the columns of MLZ's tables, in order.

    Parameters
    ----------
    attributes : redpix.photoz.attributes.Attributes
        Attributes of the vectors.

    Returns
    -------
    list of str
    """
    names = plain_names(attributes)
    noisy = zip(names, attributes.mixing, strict=True)
    errors = [f"e{name}" for name, mixing in noisy if attributes.errors and any(mixing)]
    return ["id", KEY, *names, *errors]


def table(identifiers, redshift, vectors, attributes):
    """Return the columns of MLZ's tables by name.

    Parameters
    ----------
    identifiers : ndarray, shape (n,)
        Texts are replaced by the 1-based number of the row, because MLZ reads only numbers.
    redshift : ndarray, shape (n,)
        NaN where unknown.
    vectors : ndarray, shape (n, attributes)
        The logarithms of the errors, if there are any, are the last columns.
    attributes : redpix.photoz.attributes.Attributes
        Attributes of the vectors.

    Returns
    -------
    dict of str to ndarray
    """
    count = len(attributes.names) - attributes.errors
    if np.asarray(identifiers).dtype.kind not in "iu":
        identifiers = np.arange(1, len(redshift) + 1)
    values = [np.asarray(identifiers), np.round(redshift, 6)]
    values += list(vectors[:, :count].T.astype(float).round(6))
    if attributes.errors:
        variance = np.exp(2 * vectors[:, count:].astype(float))
        squares = np.asarray(attributes.mixing) ** 2
        errors = np.sqrt(np.einsum("ij,kj->ki", variance, squares))
        values += list(errors[squares.any(axis=1)].round(6))
    return dict(zip(columns(attributes), values, strict=True))


#: inputs of MLZ that are equal for all runs
FIXED_INPUTS = {
    "ImportanceFile": "none",
    "SigmaFactor": 3.0,
    "RmsFactor": 0.02,
    "WriteFits": "no",
    "MultipleFiles": "no",
    "SparseRep": "no",
    "SparseDims": "200,50,2",
    "NumberCoef": 32001,
    "NumberBases": 20,
    "OriginalPdfFile": "yes",
}


def inputs(name, attributes, training, grid, tpz, som):
    """Return the text of an inputs file, for a run of MLZ in the folder of the file.

    Parameters
    ----------
    name : str
        The tables are ``<name>.train`` and ``<name>.test``.
    attributes : redpix.photoz.attributes.Attributes
        Attributes of the vectors.
    training : int
        Number of rows of the training set.
    grid : ndarray, shape (nodes,)
        Redshifts.
    tpz, som : dict
        The keys ``photoz.tpz`` and ``photoz.som`` of the configuration.

    Returns
    -------
    str
    """
    values = {
        **_table_inputs(name, attributes),
        "MinZ": f"{grid[0]:g}",
        "MaxZ": f"{grid[-1]:g}",
        "NzBins": len(grid) - 1,
        **_tree_inputs(attributes, tpz),
        **_map_inputs(som, training),
        **FIXED_INPUTS,
    }
    lines = "".join(f"{key:<16} : {value}\n" for key, value in values.items())
    return f"# Inputs of MLZ 1.2; run it in this folder: runMLZ {name}.inputs\n{lines}"


def _table_inputs(name, attributes):
    """Return the inputs of MLZ that describe the tables."""
    listed = ",".join(columns(attributes))
    return {
        "TrainFile": f"{name}.train",
        "TestFile": f"{name}.test",
        "FinalFileName": name,
        "Path_Train": "./",
        "Path_Test": "./",
        "Path_Output": "./",
        "Columns": listed,
        "Att": ",".join(plain_names(attributes)),
        "Columns_Test": listed,
        "KeyAtt": KEY,
        "CheckOnly": "no",
        "PredictionMode": "TPZ",
        "PredictionClass": "Reg",
    }


def _tree_inputs(attributes, tpz):
    """Return the inputs of MLZ that describe the trees."""
    rounds = REALISATIONS if attributes.errors else 1
    return {
        "NRandom": rounds,
        "NTrees": -(-tpz["trees"] // rounds),
        "Natt": max(1, round(0.6 * len(plain_names(attributes)))),
        "OobError": "yes",
        "VarImportance": "no",
        "MinLeaf": 5,
        "ImpurityIndex": "entropy",
    }


def _map_inputs(som, training):
    """Return the inputs of MLZ that describe the self-organising maps."""
    return {
        "Topology": _TOPOLOGIES[som["topology"]],
        "Periodic": "yes" if som["periodic"] else "no",
        "Ntop": map_size(som, training),
        "Iterations": som["iterations"],
        "SomType": som["update"],
        "AlphaStart": 0.9,
        "AlphaEnd": 0.5,
    }
