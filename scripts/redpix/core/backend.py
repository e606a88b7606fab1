"""Where images and vectors are worked on: by NumPy, or by PyTorch or CuPy on a graphics card.

What is written with names of the array API standard (https://data-apis.org/array-api/2024.12)
alone works with each of them. What the standard lacks, or NumPy is slow at, differs here.
"""

import numpy as np
from scipy import fft

from redpix.core.exceptions import InputError

#: what a configuration may ask for
KINDS = ("numpy", "torch", "cupy")


class Host:
    """NumPy, and SciPy's transforms with several threads.

    Attributes
    ----------
    xp : module
        Functions by the names of the standard.
    """

    xp = np

    def put(self, values, dtype):
        """An array here, of a NumPy array or of one that is here."""
        return np.asarray(values, dtype)

    def take(self, array):
        """A NumPy array, of one that is here."""
        return array

    def forward(self, image, shape, workers):
        """Fourier transform of a real image that is continued with zeros to a shape."""
        return fft.rfft2(image, shape, workers=workers)

    def back(self, transform, shape, workers):
        """The real image of a transform, which is overwritten."""
        return fft.irfft2(transform, shape, overwrite_x=True, workers=workers)

    def smallest(self, values, k):
        """Columns of the k smallest values of each row, in no order."""
        return np.argpartition(values, k - 1, axis=1)[:, :k]


class Card(Host):
    """PyTorch or CuPy, or what else follows the standard.

    Parameters
    ----------
    xp : module
        Of array-api-compat, or one that follows the standard itself.
    device : object, optional
        Where arrays are put; by default where the module puts them itself.
    """

    def __init__(self, xp, device=None):
        self.xp, self.device = xp, device

    def put(self, values, dtype):
        dtype = getattr(self.xp, np.dtype(dtype).name)
        if isinstance(values, np.ndarray):  # not all take big-endian or read-only arrays
            values = np.array(values, values.dtype.newbyteorder("="))
        return self.xp.astype(self.xp.asarray(values, device=self.device), dtype, copy=False)

    def take(self, array):
        from array_api_compat import to_device

        return np.asarray(to_device(array, "cpu"))

    def forward(self, image, shape, workers):
        return self.xp.fft.rfftn(image, s=shape, axes=(0, 1))

    def back(self, transform, shape, workers):
        return self.xp.fft.irfftn(transform, s=shape, axes=(0, 1))

    def smallest(self, values, k):
        if hasattr(self.xp, "topk"):
            return self.xp.topk(values, k, dim=1, largest=False, sorted=False).indices
        if hasattr(self.xp, "argpartition"):
            return self.xp.argpartition(values, k - 1, axis=1)[:, :k]
        return self.xp.argsort(values, axis=1)[:, :k]


HOST = Host()


def arrays(kind):
    """`Host` or `Card`.

    Parameters
    ----------
    kind : str
        numpy; torch: a graphics card where PyTorch finds one, and without one PyTorch on the
        processor; cupy: the first graphics card.

    Raises
    ------
    InputError
        If what is asked for is not installed, or CuPy finds no card.
    """
    if kind == "numpy":
        return HOST
    if kind == "torch":
        return _torch()
    if kind == "cupy":
        return _cupy()
    raise InputError(f"arrays: {kind!r} is not known; allowed: {', '.join(KINDS)}")


def _torch():
    try:
        import torch
        from array_api_compat import torch as xp
    except ImportError as error:
        raise InputError(
            f"arrays: torch: {error.name} is not installed; pip install torch array-api-compat, "
            "or set arrays: numpy"
        ) from None
    return Card(xp, torch.device("cuda" if torch.cuda.is_available() else "cpu"))


def _cupy():
    try:
        import cupy
        from array_api_compat import cupy as xp
    except ImportError as error:
        raise InputError(
            f"arrays: cupy: {error.name} is not installed; pip install cupy-cuda13x "
            "array-api-compat, or set arrays: numpy"
        ) from None
    try:
        cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        raise InputError(f"arrays: cupy: no graphics card ({error}); set arrays: numpy") from None
    return Card(xp)
