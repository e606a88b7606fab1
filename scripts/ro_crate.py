"""Describe the results of a run as a Research Object Crate, from the records of their origin.

    .venv/bin/pip install rocrate==0.16.0
    .venv/bin/python scripts/ro_crate.py results/demo

The command writes ``ro-crate-metadata.json`` into the folder: each product with its size and
SHA-256 sum, each job with its inputs, products, parameters and program, as a Process Run Crate.
"""

import argparse
import sys
from pathlib import Path

from redpix.core.exceptions import refusals
from redpix.report.research_object import write_crate


def main(words):
    """Run the command.

    Parameters
    ----------
    words : list of str
        Arguments of the command line.

    Returns
    -------
    int
        The exit status.
    """
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path, help="results/<name>")
    results = parser.parse_args(words).results
    with refusals(""):
        print(write_crate(results))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
