"""Training and test tables and the file of inputs of MLZ (Carrasco Kind & Brunner 2013, 2014).

MLZ 1.2 reads a table of numbers, parted by blanks, whose columns its .inputs file names: the error
of attribute X is the column eX, the attribute to predict is KeyAtt. A line of that file is a key, a
colon and a value, parted by blanks; a comma makes a list of a value, a slash makes it a folder.
"""

import re

import numpy as np

from redpix.core.exceptions import InputError
from redpix.photoz.learners.som import map_size

#: name of the column that MLZ is to predict
KEY = "zspec"

#: realisations of the training set within its errors, the first without
REALISATIONS = 4

#: what MLZ calls the cells of a map
_TOPOLOGIES = {"rectangular": "grid", "hexagonal": "hex", "spherical": "sphere"}


def plain_names(attributes):
    """Names of the attributes as MLZ can read them.

    Raises
    ------
    InputError
        If there is only one, or two cannot be told apart.
    """
    names = attributes.names[: len(attributes.names) - attributes.errors]
    plain = [re.sub(r"[^A-Za-z0-9_.+-]", "_", name) for name in names]
    reserved = ["id", KEY, *plain, *(f"e{name}" for name in plain)]
    double = [name for name in reserved if reserved.count(name) > 1]
    if double:
        raise InputError(
            f"photoz.attributes: two columns of MLZ's would be {double[0]}; rename one"
        )
    if len(plain) < 2:
        raise InputError("photoz.attributes: MLZ needs at least two attributes besides errors")
    return plain


def columns(attributes):
    """Names of the columns of MLZ's tables, by increasing position."""
    names = plain_names(attributes)
    noisy = zip(names, attributes.mixing, strict=True)
    errors = [f"e{name}" for name, mixing in noisy if attributes.errors and any(mixing)]
    return ["id", KEY, *names, *errors]


def table(identifiers, redshift, vectors, attributes):
    """Columns of numbers of MLZ's tables, by name.

    Parameters
    ----------
    identifiers : ndarray, shape (n,)
        Texts are replaced by the number of the row, from 1: MLZ reads numbers alone.
    redshift : ndarray, shape (n,)
        NaN where unknown.
    vectors : ndarray, shape (n, attributes)
        Of `attributes`, the errors' logarithms last if they are among them.
    attributes : Attributes

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


def inputs(name, attributes, training, grid, tpz, som):
    """Text of an .inputs file; it expects to be used in the folder where it is.

    Parameters
    ----------
    name : str
        Tables are ``<name>.train`` and ``<name>.test``.
    attributes : Attributes
    training : int
        Rows of the training table.
    grid : ndarray, shape (nodes,)
    tpz, som : dict
        ``photoz.tpz`` and ``photoz.som``.
    """
    names = plain_names(attributes)
    rounds = REALISATIONS if attributes.errors else 1
    listed = ",".join(columns(attributes))
    values = {
        "TrainFile": f"{name}.train",
        "TestFile": f"{name}.test",
        "FinalFileName": name,
        "Path_Train": "./",
        "Path_Test": "./",
        "Path_Output": "./",
        "Columns": listed,
        "Att": ",".join(names),
        "Columns_Test": listed,
        "KeyAtt": KEY,
        "CheckOnly": "no",
        "PredictionMode": "TPZ",
        "PredictionClass": "Reg",
        "MinZ": f"{grid[0]:g}",
        "MaxZ": f"{grid[-1]:g}",
        "NzBins": len(grid) - 1,
        "NRandom": rounds,
        "NTrees": -(-tpz["trees"] // rounds),
        "Natt": max(1, round(0.6 * len(names))),
        "OobError": "yes",
        "VarImportance": "no",
        "MinLeaf": 5,
        "ImpurityIndex": "entropy",
        "Topology": _TOPOLOGIES[som["topology"]],
        "Periodic": "yes" if som["periodic"] else "no",
        "Ntop": map_size(som, training),
        "Iterations": som["iterations"],
        "SomType": som["update"],
        "AlphaStart": 0.9,
        "AlphaEnd": 0.5,
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
    lines = "".join(f"{key:<16} : {value}\n" for key, value in values.items())
    return f"# Inputs of MLZ 1.2; run it in this folder: runMLZ {name}.inputs\n{lines}"
