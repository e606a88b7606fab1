"""Master frames of a night, and light frames with the masters that they take."""

from typing import NamedTuple


class Master(NamedTuple):
    """A calibration frame that is combined from raw ones.

    Attributes
    ----------
    kind : {"bias", "dark", "scaled dark", "flat", "window"}
    frames : tuple of str
        Raw frames. One combined frame of the user is taken as it is.
    exposure : float or None
        Exposure time of the frames, seconds.
    bias, dark : str
        Names of the masters that are taken away from each frame first, or empty texts. A scaled
        dark is (dark - bias) * factor + bias, where the bias may be a shorter dark. A window is
        cut from its dark, which may be a flat.
    factor : float
        Exposure time of the light over that of the dark, each less that of the bias.
    mosaic : tuple of (str, str or int)
        Cards of the mosaic of a colour camera. Masters are mosaics, as their frames are.
    frame_darks : tuple of str
        Name of the dark of each frame of a flat, where they differ.
    section : str
        Of a window: its pixels in the whole frame, as FITS writes sections.
    """

    kind: str
    frames: tuple = ()
    exposure: float | None = None
    bias: str = ""
    dark: str = ""
    factor: float = 1.0
    mosaic: tuple = ()
    frame_darks: tuple = ()
    section: str = ""


class Light(NamedTuple):
    """A light frame, the masters that it takes, and why.

    Attributes
    ----------
    frame : redpix.photometry.raw_frame.RawFrame
    image : str
        Name of its products.
    field : str
        Target, filter and colour: its images have light curves together.
    dark, flat : str
        Names of masters, or empty texts.
    remarks : tuple of str
    colour : str
        Colour of the mosaic that is measured, R, G or B; empty for a camera without one.
    """

    frame: tuple
    image: str
    field: str
    dark: str = ""
    flat: str = ""
    remarks: tuple = ()
    colour: str = ""


class Dark(NamedTuple):
    """A master dark of a read-out.

    Attributes
    ----------
    exposure : float or None
        Seconds.
    temperature : float or None
        Mean of its frames, degrees Celsius.
    name : str
    label : str
        Temperature as part of a name, where darks of one exposure time differ in it.
    """

    exposure: float | None
    temperature: float | None
    name: str
    label: str
