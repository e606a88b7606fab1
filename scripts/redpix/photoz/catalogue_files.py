"""Write the results of a table of magnitudes block by block: objects, PDFs, test objects."""

import contextlib

import numpy as np

from redpix.core.atomic_files import atomic
from redpix.io.described_table import OBJECTS, write_described
from redpix.photoz.catalogue_results import object_table
from redpix.photoz.learners.base import STAR
from redpix.photoz.pdf_file import PdfFile
from redpix.photoz.split import TEST


class ResultFiles(contextlib.ExitStack):
    """Files objects.csv, pixels.dat and pdfs.parquet of a table, which appear when all is written.

    Parameters
    ----------
    objects, pixels, pdfs : str
        Paths of the files.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.
    text_ids : bool
        Whether ids are text.
    """

    def __init__(self, objects, pixels, pdfs, grid, text_ids):
        super().__init__()
        self._paths, self._text_ids, self._grid = (objects, pixels), text_ids, grid
        self._pdfs = PdfFile(pdfs, grid, text_ids)

    def __enter__(self):
        """Open the files."""
        super().__enter__()
        temporary = [self.enter_context(atomic(path)) for path in self._paths]
        self._objects, self._pixels = (
            self.enter_context(path.open("w", encoding="utf-8")) for path in temporary
        )
        self._pixels.write("# predicted true object_id, of the objects tested\n")
        self.enter_context(self._pdfs)
        return self

    def __exit__(self, *fault):
        """Close the files, put them in their place, and describe the columns of objects.csv."""
        handled = super().__exit__(*fault)
        if fault[0] is None:
            write_described(self._paths[0], OBJECTS)
        return handled

    def write(self, result):
        """Append some objects, one row per object.

        Parameters
        ----------
        result : redpix.photoz.catalogue_results.TableResult
            Predictions of the objects. Stars are not in pixels.dat.
        """
        shown = object_table(result)
        header = self._objects.tell() == 0
        shown.to_csv(self._objects, index=False, header=header, lineterminator="\n")
        pdfs = np.full((len(shown), len(self._grid)), np.nan, np.float32)
        pdfs[result.rows] = result.calibrated.pdf
        self._pdfs.write(result.sample.table.id, pdfs)
        if result.split == TEST:
            tested = shown[result.sample.usable & (result.sample.table.label != STAR)]
            rows = tested[["z_phot", "redshift", "object_id"]]
            rows.to_csv(self._pixels, sep=" ", header=False, index=False, na_rep="nan")
