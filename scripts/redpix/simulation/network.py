"""A small convolutional network that redshifts galaxies: an example of use of training images.

It is given the input as plain resampling brings it to z_out (`plain`) and both redshifts, and
learns what is missing: the K-correction, the PSF and what is noise. PyTorch is optional and
imported where it is used; a GPU is used where there is one.
"""

from typing import NamedTuple

import numpy as np
from scipy import ndimage

from redpix.core.exceptions import InputError

_CHANNELS, _BATCH, _RATE = 24, 16, 2e-3


class Trained(NamedTuple):
    """What came of training."""

    predictions: np.ndarray  # of the held-out galaxies, (n, ny, nx, c), nanomaggies
    losses: list  # mean loss of each epoch
    weights: dict  # of str to ndarray
    device: str


def plain(inputs, size_factor, flux_factor):
    """Inputs shrunk by linear interpolation and dimmed by distance: no K-correction, no PSF.

    Parameters
    ----------
    inputs : ndarray, shape (n, ny, nx, c)
    size_factor, flux_factor : ndarray, shape (n,)
        Size and flux after over before; see `redpix.simulation.redshifting`.

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
            # a band shrunk so has factor^2 of its light: what is lost is given back
            shrunk = ndimage.affine_transform(
                image[..., band], [1 / factor, 1 / factor], offset, order=1
            )
            output[..., band] = shrunk * (dimming / factor**2)
    return result


def scales(images):
    """Brightest pixel of each galaxy, (n, 1, 1, 1): what it is divided by to be learnt from."""
    return np.maximum(np.abs(images).max(axis=(1, 2, 3), keepdims=True), 1e-12)


def features(images, z_in, z_out):
    """Channels of the network: bands, scaled, and planes of the two redshifts; (n, c + 2, y, x)."""
    shape = (*images.shape[:3], 1)
    planes = [np.broadcast_to(z[:, None, None, None], shape) for z in (z_in, z_out)]
    stack = np.concatenate([images / scales(images), *planes], axis=-1)
    return np.ascontiguousarray(np.moveaxis(stack, -1, 1), dtype=np.float32)


def split(number, held_out, seed):
    """Numbers of the galaxies to learn from, and of those held out."""
    order = np.random.default_rng([seed, 11]).permutation(number)
    test = max(1, round(held_out * number))
    if test >= number:
        raise InputError(
            f"network.held_out: {held_out:g} of {number} galaxies leaves none to learn from; "
            "allowed: less, or more galaxies"
        )
    return np.sort(order[test:]), np.sort(order[:test])


def _model(torch, bands):
    convolve = torch.nn.Conv2d
    return torch.nn.Sequential(
        convolve(bands + 2, _CHANNELS, 5, padding=2),
        torch.nn.ReLU(),
        convolve(_CHANNELS, _CHANNELS, 5, padding=2),
        torch.nn.ReLU(),
        convolve(_CHANNELS, bands, 5, padding=2),
    )


def train(resampled, targets, z_in, z_out, learn, test, epochs, seed):
    """Learn from some galaxies, predict others.

    Parameters
    ----------
    resampled, targets : ndarray, shape (n, ny, nx, c)
        Inputs as from `plain`, and what they should be.
    z_in, z_out : ndarray, shape (n,)
    learn, test : ndarray of int
    epochs, seed : int

    Returns
    -------
    Trained

    Raises
    ------
    InputError
        If PyTorch is not installed.
    """
    try:
        import torch
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
    bands = targets.shape[-1]
    rng = np.random.default_rng([seed, 12])
    losses = []
    for _ in range(epochs):
        total = 0.0
        order = rng.permutation(learn)
        for start in range(0, len(order), _BATCH):
            batch = torch.from_numpy(order[start : start + _BATCH])
            before, true = x[batch].to(device), y[batch].to(device)
            optimiser.zero_grad()
            loss = torch.mean((before[:, :bands] + model(before) - true) ** 2)
            loss.backward()
            optimiser.step()
            total += loss.item() * len(batch)
        schedule.step()
        losses.append(total / len(order))
    with torch.no_grad():
        parts = [
            (x[part][:, :bands].to(device) + model(x[part].to(device))).cpu().numpy()
            for part in torch.from_numpy(test).split(_BATCH)
        ]
    predictions = np.moveaxis(np.concatenate(parts), 1, -1) * scales(resampled[test])
    weights = {name: value.cpu().numpy() for name, value in model.state_dict().items()}
    return Trained(predictions.astype(np.float32), losses, weights, device)


def errors(predicted, targets):
    """How far images are from the truth.

    Parameters
    ----------
    predicted, targets : ndarray, shape (n, ny, nx, c)

    Returns
    -------
    image : ndarray, shape (n,)
        Root of the summed squares of the difference over that of the target, all bands.
    flux : ndarray, shape (n, c)
        Total flux over the true one, less 1.
    """
    axes = (1, 2)
    difference = np.square(predicted - targets).sum(axis=(*axes, 3))
    image = np.sqrt(difference / np.square(targets).sum(axis=(*axes, 3)))
    return image, predicted.sum(axis=axes) / targets.sum(axis=axes) - 1
