"""A small convolutional network that redshifts galaxies: an example of the use of training images.

Its input is the image after plain resampling to z_out (`plain`), and both redshifts. It learns the
rest: the K-correction, the change of the PSF and the suppression of noise. PyTorch is optional;
a GPU is used if one is available.
"""

from typing import NamedTuple

import numpy as np
from scipy import ndimage

from redpix.core.exceptions import InputError

# channels of the hidden layers, galaxies per batch, initial learning rate
_CHANNELS, _BATCH, _RATE = 24, 16, 2e-3


class Trained(NamedTuple):
    """Result of the training.

    Attributes
    ----------
    predictions : ndarray, shape (n, ny, nx, c)
        Images of the held-out galaxies, nanomaggies.
    losses : list of float
        Mean loss of each epoch.
    weights : dict of str to ndarray
    device : str
        "cuda" or "cpu".
    """

    predictions: np.ndarray
    losses: list
    weights: dict
    device: str


def plain(inputs, size_factor, flux_factor):
    """Shrink images by linear interpolation and dim them by distance.

    K-correction and PSF do not change.

    Parameters
    ----------
    inputs : ndarray, shape (n, ny, nx, c)
        Images at z_in.
    size_factor, flux_factor : ndarray, shape (n,)
        Ratios of size and of flux, z_out to z_in; see `redpix.simulation.redshifting`.

    Returns
    -------
    ndarray, shape (n, ny, nx, c), float32
    """
    result = np.empty(inputs.shape, np.float32)
    middle = (np.array(inputs.shape[1:3]) - 1) / 2
    for image, factor, dimming, output in zip(
        inputs, size_factor, flux_factor, result, strict=True
    ):
        offset = middle * (1 - 1 / factor)
        for band in range(image.shape[-1]):
            # interpolation leaves the fraction factor^2 of the light, so divide by it
            shrunk = ndimage.affine_transform(
                image[..., band], [1 / factor, 1 / factor], offset, order=1
            )
            output[..., band] = shrunk * (dimming / factor**2)
    return result


def scales(images):
    """Return the brightest pixel of each image, by which the network's input is divided.

    Parameters
    ----------
    images : ndarray, shape (n, ny, nx, c)
        Images of the galaxies.

    Returns
    -------
    ndarray, shape (n, 1, 1, 1)
    """
    return np.maximum(np.abs(images).max(axis=(1, 2, 3), keepdims=True), 1e-12)


def features(images, z_in, z_out):
    """Return the channels of the network: scaled bands, and planes of the two redshifts.

    Parameters
    ----------
    images : ndarray, shape (n, ny, nx, c)
        Images of the galaxies.
    z_in, z_out : ndarray, shape (n,)
        Redshifts of input and target.

    Returns
    -------
    ndarray, shape (n, c + 2, ny, nx), float32
    """
    shape = (*images.shape[:3], 1)
    planes = [np.broadcast_to(z[:, None, None, None], shape) for z in (z_in, z_out)]
    stack = np.concatenate([images / scales(images), *planes], axis=-1)
    return np.ascontiguousarray(np.moveaxis(stack, -1, 1), dtype=np.float32)


def split(number, held_out, seed):
    """Split galaxies into a training set and held-out galaxies.

    Parameters
    ----------
    number : int
        Number of galaxies.
    held_out : float
        Fraction that is held out.
    seed : int
        Seed of the random numbers.

    Returns
    -------
    learn, test : ndarray of int
        Indices, in increasing order.

    Raises
    ------
    InputError
        If the training set would be empty.
    """
    order = np.random.default_rng([seed, 11]).permutation(number)
    test = max(1, round(held_out * number))
    if test >= number:
        raise InputError(
            f"network.held_out: {held_out:g} of {number} galaxies leaves an empty training "
            "set; allowed: a smaller fraction, or more galaxies"
        )
    return np.sort(order[test:]), np.sort(order[:test])


def _model(torch, bands):
    """Return the network: three convolutions."""
    convolve = torch.nn.Conv2d
    return torch.nn.Sequential(
        convolve(bands + 2, _CHANNELS, 5, padding=2),
        torch.nn.ReLU(),
        convolve(_CHANNELS, _CHANNELS, 5, padding=2),
        torch.nn.ReLU(),
        convolve(_CHANNELS, bands, 5, padding=2),
    )


def train(resampled, targets, z_in, z_out, learn, test, epochs, seed):
    """Train the network on some galaxies and predict others.

    Parameters
    ----------
    resampled, targets : ndarray, shape (n, ny, nx, c)
        Inputs as from `plain`, and their targets.
    z_in, z_out : ndarray, shape (n,)
        Redshifts of input and target.
    learn, test : ndarray of int
        Indices of the training set and of the held-out galaxies.
    epochs : int
        Number of passes over the training set.
    seed : int
        Seed of the random numbers.

    Returns
    -------
    Trained

    Raises
    ------
    InputError
        If PyTorch is not installed.
    """
    try:
        import torch  # optional, and slow to import
    except ImportError:
        raise InputError("network: PyTorch is not installed; pip install torch") from None
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(seed)
    model = _model(torch, targets.shape[-1]).to(device)
    optimiser = torch.optim.Adam(model.parameters(), lr=_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
    x = torch.from_numpy(features(resampled, z_in, z_out))
    y = torch.from_numpy(
        np.ascontiguousarray(np.moveaxis(targets / scales(resampled), -1, 1), dtype=np.float32)
    )
    rng = np.random.default_rng([seed, 12])
    losses = []
    for _ in range(epochs):
        batches = torch.from_numpy(rng.permutation(learn)).split(_BATCH)
        losses.append(_train_epoch(torch, model, optimiser, x, y, batches, device))
        schedule.step()
    batches = torch.from_numpy(test).split(_BATCH)
    predictions = _predict(torch, model, x, batches, device) * scales(resampled[test])
    weights = {name: value.cpu().numpy() for name, value in model.state_dict().items()}
    return Trained(predictions.astype(np.float32), losses, weights, device)


def _train_epoch(torch, model, optimiser, x, y, batches, device):
    """Train on all batches once; return the mean loss."""
    bands = y.shape[1]
    total, number = 0.0, 0
    for batch in batches:
        before, true = x[batch].to(device), y[batch].to(device)
        optimiser.zero_grad()
        loss = torch.mean((before[:, :bands] + model(before) - true) ** 2)
        loss.backward()
        optimiser.step()
        total += loss.item() * len(batch)
        number += len(batch)
    return total / number


def _predict(torch, model, x, batches, device):
    """Return the scaled predictions of batches, (n, ny, nx, c)."""
    images = []
    with torch.no_grad():
        for batch in batches:
            before = x[batch]
            corrected = before[:, : before.shape[1] - 2].to(device) + model(before.to(device))
            images.append(corrected.cpu().numpy())
    return np.moveaxis(np.concatenate(images), 1, -1)


def errors(predicted, targets):
    """Return the relative errors of images and of their fluxes.

    Parameters
    ----------
    predicted, targets : ndarray, shape (n, ny, nx, c)
        Predicted and true images.

    Returns
    -------
    image : ndarray, shape (n,)
        Root of the summed squares of the difference, relative to that of the target; all bands.
    flux : ndarray, shape (n, c)
        Ratio of the predicted to the true total flux, minus 1.
    """
    axes = (1, 2)
    difference = np.square(predicted - targets).sum(axis=(*axes, 3))
    image = np.sqrt(difference / np.square(targets).sum(axis=(*axes, 3)))
    return image, predicted.sum(axis=axes) / targets.sum(axis=axes) - 1
