"""Power spectrum of noise that is correlated between pixels."""


def noise_power(epoch, plan):
    """Return the power spectrum of the noise of an epoch in units of its variance.

    Parameters
    ----------
    epoch : redpix.subtraction.epoch.Epoch
        Its correlation is used.
    plan : redpix.image.fourier.Transforms
        Transforms of the padded image.

    Returns
    -------
    ndarray or float
        1.0 if the noise is white.
    """
    if epoch.correlation is None:
        return 1.0
    # a millionth of white noise keeps roots and ratios finite
    xp = plan.arrays.xp
    return xp.clip(xp.real(plan.kernel(epoch.correlation)), min=1e-6)


def is_white(power):
    """Return whether a power spectrum is that of white noise.

    Parameters
    ----------
    power : ndarray or float
        From `noise_power`.

    Returns
    -------
    bool
    """
    return isinstance(power, float)


def coloured(kernel, power, xp):
    """Return the kernel that turns white noise into filtered correlated noise.

    Parameters
    ----------
    kernel : array of complex
        Transform of the filter.
    power : ndarray or float
        From `noise_power`.
    xp : module
        Functions of the array API standard.

    Returns
    -------
    array of complex
        The kernel itself if the noise is white.
    """
    return kernel if is_white(power) else kernel * xp.sqrt(power)


def squared_modulus(transform, xp):
    """Return the squared modulus of each wave.

    Parameters
    ----------
    transform : array of complex
        Transform of an image or a kernel.
    xp : module
        Functions of the array API standard.

    Returns
    -------
    array of float
    """
    return xp.real(transform) ** 2 + xp.imag(transform) ** 2
