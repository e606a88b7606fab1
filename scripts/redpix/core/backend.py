"""Array backends: NumPy, or PyTorch or CuPy on a graphics card.

Code that uses only the array API standard (https://data-apis.org/array-api/2024.12) runs on each of
them. A backend adds operations that the standard lacks or that are slow in NumPy.
"""

import numpy as np
from scipy import fft

from redpix.core.exceptions import InputError

#: allowed values of the configuration
KINDS = ("numpy", "torch", "cupy")


class NumpyBackend:
    """NumPy on the processor, with the multi-threaded transforms of SciPy.

    Attributes
    ----------
    xp : module
        Functions of the array API standard.
    """

    xp = np

    def put(self, values, dtype):
        """Return an array of the backend.

        Parameters
        ----------
        values : ndarray or array of the backend
            The values to convert.
        dtype : dtype
            Type of NumPy.

        Returns
        -------
        array of the backend
        """
        return np.asarray(values, dtype)

    def take(self, array):
        """Return a NumPy array of an array of the backend.

        Parameters
        ----------
        array : array of the backend
            The array to convert.

        Returns
        -------
        ndarray
        """
        return array

    def forward(self, image, shape, workers):
        """Return the Fourier transform of a real image that is padded with zeros.

        Parameters
        ----------
        image : array of the backend, shape (ny, nx)
            Real values.
        shape : (int, int)
            Padded shape.
        workers : int
            Number of threads.

        Returns
        -------
        array of the backend
            Complex, shape (shape[0], shape[1] // 2 + 1).
        """
        return fft.rfft2(image, shape, workers=workers)

    def forward_stamp(self, stamp, shape, workers):
        """Return the Fourier transform of a stamp whose centre is shifted to pixel (0, 0).

        Rows without pixels of the stamp are not transformed along x.

        Parameters
        ----------
        stamp : ndarray, shape (m, n)
            Real values, with the centre at pixel ``(m // 2, n // 2)``.
        shape : (int, int)
            Padded shape, not smaller than the stamp.
        workers : int
            Number of threads.

        Returns
        -------
        array of the backend
            As from `forward`.
        """
        middle, (height, width) = stamp.shape[0] // 2, stamp.shape
        rows = np.zeros((height, shape[1]), stamp.dtype)
        rows[:, :width] = stamp
        along_x = fft.rfft(np.roll(rows, -(width // 2), axis=1), axis=1, workers=workers)
        whole = np.zeros((shape[0], along_x.shape[1]), along_x.dtype)
        whole[: height - middle] = along_x[middle:]
        whole[shape[0] - middle :] = along_x[:middle]
        return fft.fft(whole, axis=0, overwrite_x=True, workers=workers)

    def back(self, transform, shape, workers):
        """Return the real image of a Fourier transform, whose memory may be overwritten.

        Parameters
        ----------
        transform : array of the backend
            From `forward`.
        shape : (int, int)
            Shape of the image.
        workers : int
            Number of threads.

        Returns
        -------
        array of the backend
        """
        return fft.irfft2(transform, shape, overwrite_x=True, workers=workers)

    def smallest(self, values, k):
        """Return the columns of the k smallest values of each row, in arbitrary order.

        Parameters
        ----------
        values : array of the backend, shape (n, m)
            Real values.
        k : int
            Number of values per row.

        Returns
        -------
        array of the backend
            Integers, shape (n, k).
        """
        return np.argpartition(values, k - 1, axis=1)[:, :k]


class GpuBackend(NumpyBackend):
    """PyTorch, CuPy, or another module that follows the array API standard.

    Parameters
    ----------
    xp : module
        From array-api-compat, or a module that follows the standard.
    device : object, optional
        Device of the arrays. The default is that of the module.
    """

    def __init__(self, xp, device=None):
        self.xp, self.device = xp, device

    def put(self, values, dtype):
        """Return an array on the device; see `NumpyBackend.put`."""
        dtype = getattr(self.xp, np.dtype(dtype).name)
        if isinstance(values, np.ndarray):  # some modules refuse big-endian or read-only arrays
            values = np.array(values, values.dtype.newbyteorder("="))
        return self.xp.astype(self.xp.asarray(values, device=self.device), dtype, copy=False)

    def take(self, array):
        """Return a NumPy array; see `NumpyBackend.take`."""
        from array_api_compat import to_device  # installed only beside PyTorch or CuPy

        return np.asarray(to_device(array, "cpu"))

    def forward(self, image, shape, workers):
        """Return the Fourier transform of a padded image; see `NumpyBackend.forward`."""
        return self.xp.fft.rfftn(image, s=shape, axes=(0, 1))

    def forward_stamp(self, stamp, shape, workers):
        """Return the transform of a stamp; see `NumpyBackend.forward_stamp`."""
        canvas = np.zeros(shape, stamp.dtype)
        canvas[: stamp.shape[0], : stamp.shape[1]] = stamp
        centred = np.roll(canvas, (-(stamp.shape[0] // 2), -(stamp.shape[1] // 2)), (0, 1))
        return self.forward(self.put(centred, stamp.dtype), shape, workers)

    def back(self, transform, shape, workers):
        """Return the image of a transform; see `NumpyBackend.back`."""
        return self.xp.fft.irfftn(transform, s=shape, axes=(0, 1))

    def smallest(self, values, k):
        """Return the columns of the smallest values; see `NumpyBackend.smallest`."""
        if hasattr(self.xp, "topk"):
            return self.xp.topk(values, k, dim=1, largest=False, sorted=False).indices
        if hasattr(self.xp, "argpartition"):
            return self.xp.argpartition(values, k - 1, axis=1)[:, :k]
        return self.xp.argsort(values, axis=1)[:, :k]


#: the backend of the processor
NUMPY = NumpyBackend()


def arrays(kind):
    """Return the backend of a kind.

    Parameters
    ----------
    kind : {"numpy", "torch", "cupy"}
        PyTorch uses a graphics card if it finds one, else the processor. CuPy uses the first
        graphics card.

    Returns
    -------
    NumpyBackend

    Raises
    ------
    InputError
        If the package is not installed, or CuPy does not find a graphics card.
    """
    if kind == "numpy":
        return NUMPY
    if kind == "torch":
        return _torch()
    if kind == "cupy":
        return _cupy()
    raise InputError(f"arrays: {kind!r} is unknown; allowed: {', '.join(KINDS)}")


def _torch():
    """Return the backend of PyTorch."""
    try:
        import torch
        from array_api_compat import torch as xp
    except ImportError as error:
        raise InputError(
            f"arrays: torch: {error.name} is not installed; pip install torch array-api-compat, "
            "or set arrays: numpy"
        ) from None
    return GpuBackend(xp, torch.device("cuda" if torch.cuda.is_available() else "cpu"))


def _cupy():
    """Return the backend of CuPy."""
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
    return GpuBackend(xp)
