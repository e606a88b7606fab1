"""Images that lie in files while they are made: of a large difference there are six."""

import shutil
from contextlib import contextmanager
from pathlib import Path

import numpy as np


@contextmanager
def planes_folder(path):
    """Yield a folder for planes beside a file that is made of them, and remove it.

    Temporary folders of the system may lie in memory. What a killed process left goes first.
    """
    folder = Path(path).parent / ".planes"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
        if not any(folder.parent.iterdir()):  # nothing was made
            folder.parent.rmdir()


class Plane:
    """An image in a file of its own, NaN where nothing was put into it.

    The file is mapped into memory for each part alone, so that no more of it stays there.

    Parameters
    ----------
    path : Path
        File that is made.
    shape : (int, int)
    dtype : numpy dtype
    """

    def __init__(self, path, shape, dtype):
        self.path, self.shape, self.dtype = path, shape, np.dtype(dtype)
        row = np.full(shape[1], np.nan, dtype).tobytes()
        with open(path, "wb") as file:
            for _ in range(shape[0]):
                file.write(row)

    def __setitem__(self, part, values):
        np.memmap(self.path, self.dtype, "r+", shape=self.shape)[part] = values

    def read(self):
        """The image, as an array that is read from the file where it is looked at."""
        return np.memmap(self.path, self.dtype, "r", shape=self.shape)
