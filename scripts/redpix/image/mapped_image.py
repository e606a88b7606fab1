"""Keep large images in files while they are computed; a difference has six of them."""

import itertools
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

#: number of pixels of all images of a stack above which its planes lie in files
LARGE_STACK = 100_000_000

# names of files, each once per process
_NUMBERS = itertools.count()


@contextmanager
def planes_folder(path, name=".planes"):
    """Yield a temporary folder for the planes of a file, beside that file.

    The system's own temporary folders may lie in memory. A folder that a killed process left is
    removed first.

    Parameters
    ----------
    path : str or Path
        File that will be made of the planes.
    name : str
        Name of the folder; jobs that write to one folder at a time have one each.

    Yields
    ------
    Path
        The folder, which is removed in the end.
    """
    folder = Path(path).parent / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # NFS keeps files that are still mapped
        with suppress(OSError):  # it is empty if the file was not written
            folder.parent.rmdir()


class MappedImage:
    """An image in a file, NaN where it was not set.

    Each assignment maps the file anew, so that the image does not stay in memory.

    Parameters
    ----------
    path : Path
        File to write.
    shape : (int, int)
        Rows and columns.
    dtype : numpy dtype
        Floating type of the pixels.
    """

    def __init__(self, path, shape, dtype):
        self.path, self.shape, self.dtype = path, shape, np.dtype(dtype)
        row = np.full(shape[1], np.nan, dtype).tobytes()
        with open(path, "wb") as file:
            for _ in range(shape[0]):
                file.write(row)

    def __setitem__(self, index, values):
        np.memmap(self.path, self.dtype, "r+", shape=self.shape)[index] = values

    def read(self):
        """Return the image as an array that is read from the file on access.

        Returns
        -------
        numpy.memmap, shape `shape`
        """
        return np.memmap(self.path, self.dtype, "r", shape=self.shape)


class StoredImage:
    """An image in a file, of which only the region that is read is in memory.

    Parameters
    ----------
    path : Path
        File to write.
    values : ndarray
        Pixels of any type.
    """

    def __init__(self, path, values):
        self.path, self.shape, self.dtype = path, values.shape, values.dtype
        np.ascontiguousarray(values).tofile(path)

    def __getitem__(self, index):
        return np.array(np.memmap(self.path, self.dtype, "r", shape=self.shape)[index])

    def __setitem__(self, index, values):
        np.memmap(self.path, self.dtype, "r+", shape=self.shape)[index] = values

    def __array__(self, dtype=None, copy=None):
        whole = self[...]
        return whole if dtype is None else whole.astype(dtype, copy=False)


def keeper(folder, number, shape):
    """Return how the planes of a stack are kept: in memory, or in files if they are large.

    Parameters
    ----------
    folder : Path
        Folder for the files.
    number : int
        Number of images of the stack.
    shape : (int, int)
        Shape of each.

    Returns
    -------
    callable
        ``keep(values)`` returns the array itself, or a `StoredImage`.
    """
    if number * shape[0] * shape[1] < LARGE_STACK:
        return lambda values: values
    return lambda values: StoredImage(folder / f"{next(_NUMBERS)}", values)
