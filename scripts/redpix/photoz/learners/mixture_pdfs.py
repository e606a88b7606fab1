"""PDFs of redshift from mixtures of Gaussians in log(1 + z)."""

import numpy as np

#: width that is added in quadrature to each Gaussian, in steps of the grid; a narrower Gaussian
#: would fall between the nodes
LEAST_WIDTH = 0.5


class MixtureGrid:
    """Densities of mixtures at the nodes of a redshift grid.

    Parameters
    ----------
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.
    target : sequence of float
        Mean and standard deviation of log(1 + z), which the mixtures are relative to.
    backend : redpix.core.backend.NumpyBackend
        Arrays.
    """

    def __init__(self, grid, target, backend):
        centre, self._spread = (float(value) for value in target)
        nodes = (np.log1p(grid) - centre) / self._spread
        self._nodes = backend.put(nodes, np.float32)
        self._stretch = backend.put(1 / (1 + grid), np.float32)
        self._low, self._high = float(nodes[0]), float(nodes[-1])
        self._step = LEAST_WIDTH * float(grid[1] - grid[0]) / self._spread
        self._centre, self._xp = centre, backend.xp

    def densities(self, mixture):
        """Return densities in redshift at the nodes, up to a constant factor.

        Means outside the grid are moved to its ends.

        Parameters
        ----------
        mixture : redpix.photoz.learners.mixture_network.Mixture
            Mixtures, one row per vector.

        Returns
        -------
        array of the backend, shape (n, nodes)
        """
        xp = self._xp
        mean = xp.clip(mixture.mean, self._low, self._high)
        least = self._step * xp.exp(-(self._centre + self._spread * mean))
        width = xp.sqrt(xp.exp(2 * mixture.log_width) + least * least)
        height, inverse = mixture.log_share - xp.log(width), 1 / width
        total = 0.0
        for number in range(mean.shape[1]):
            scaled = self._nodes[None, :] - mean[:, number, None]
            scaled *= inverse[:, number, None]
            scaled *= scaled
            scaled *= -0.5
            scaled += height[:, number, None]
            total += xp.exp(scaled)
        return total * self._stretch
