"""The vectors that the learners see, in MLZ's own files: objects, and pixels where there are any.

Reads what photoz.py or photoz_table.py reads; writes <name>.train, <name>.test, <name>.inputs.
"""

from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.csv

from redpix.core.atomic_files import atomic, write_text
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.photoz import mlz, pdf
from redpix.photoz.attributes import Attributes
from redpix.photoz.learners.base import STAR
from redpix.photoz.pixel_stream import sampled_vectors
from redpix.photoz.run_catalogue import read_tables, usable
from redpix.photoz.run_pixels import read_sky, split_sky
from redpix.photoz.split import TRAIN, sample_pixels


def write_part(path, attributes, parts):
    """Write one table; `parts` gives (identifiers, redshift, vectors). The number of its rows."""
    rows = 0
    options = pyarrow.csv.WriteOptions(include_header=False, delimiter=" ", quoting_style="none")
    with atomic(path) as temporary, open(temporary, "wb") as file:
        file.write(f"# {' '.join(mlz.columns(attributes))}\n".encode())
        for identifiers, redshift, vectors in parts:
            whole = np.isfinite(vectors).all(axis=1)
            columns = mlz.table(identifiers[whole], redshift[whole], vectors[whole], attributes)
            pyarrow.csv.write_csv(pyarrow.table(columns), file, options)
            rows += int(whole.sum())
    log.info("%s: %d rows", path, rows)
    return rows


def write_all(out, name, asked, attributes, train, test):
    """Write the three files of vectors of one kind."""
    paths = {Path(path).name: path for path in out}
    rows = write_part(paths[f"{name}.train"], attributes, train)
    if not rows:
        raise InputError("photoz: no galaxy or quasar with a redshift for MLZ to train on")
    write_part(paths[f"{name}.test"], attributes, test)
    grid = pdf.make_grid(*asked.grid)
    text = mlz.inputs(name, attributes, rows, grid, asked.tpz, asked.som)
    write_text(paths[f"{name}.inputs"], text)


def of_sky(snakemake):
    """Vectors of summed objects and of pixels."""
    asked, inputs = snakemake.params, snakemake.input
    kinds = (*(kind for kind in asked.attributes if kind != "errors"), "errors")
    attributes = Attributes(kinds, tuple(asked.bands))
    sky = read_sky(inputs, attributes)
    training = split_sky(sky, asked) == TRAIN
    moving = sky.objects.label != STAR
    ids, redshift = sky.table["id"].to_numpy(), sky.objects.redshift
    whole = attributes.of_aperture()
    vectors = whole.of_fluxes(sky.totals.flux, sky.totals.error)
    train, test = (
        [(ids[rows], redshift[rows], vectors[rows])]
        for rows in (training & moving, ~training & moving)
    )
    write_all(snakemake.output, "objects", asked, whole, train, test)

    counts = np.where(training & moving, sky.totals.pixels, 0)
    chosen = sample_pixels(counts, asked.pixels_per_object, asked.seed)
    index, drawn = sampled_vectors(sky.pixels, sky.totals, training & moving, chosen)
    others = ~training & moving

    def chunks():
        for chunk in sky.pixels:
            rows = others[chunk.index]
            own = chunk.index[rows]
            yield ids[own], redshift[own], chunk.vectors[rows]

    train = [(ids[index], redshift[index], drawn)]
    write_all(snakemake.output, "pixels", asked, attributes, train, chunks())


def of_table(snakemake):
    """Vectors of the objects of catalogues."""
    asked = snakemake.params
    known, other, columns = read_tables(list(snakemake.input.tables), asked)
    kinds = [kind for kind in asked.attributes if kind != "errors"]
    kinds += ["errors"] if columns.errors else []
    attributes = Attributes(tuple(kinds), columns.magnitudes, named=True)

    def part(table, rows):
        vectors, _ = usable(table, attributes, "knn")
        return [(table.id[rows], table.redshift[rows], vectors[rows])]

    train = part(known, np.isfinite(known.redshift) & (known.label != STAR))
    test = part(other, other.label != STAR)
    write_all(snakemake.output, "objects", asked, attributes, train, test)


def main(snakemake):
    """Write the files of a sky, or of a table of objects."""
    (of_table if hasattr(snakemake.input, "tables") else of_sky)(snakemake)
