"""Group the frames of a night by read-out, and say which read-outs may serve each other."""

import re

from redpix.io.sections import Section

#: names of the parts of a read-out: those of `redpix.photometry.raw_frame.RawFrame`, telescope
PARTS = ("shape", "binning", "camera", "read-out mode", "gain setting", "offset setting")
PARTS += ("telescope",)

#: parts that each frame has; a frame may leave the others unstated
_STATED = 2


def by_readout(frames):
    """Return the frames of each read-out and telescope.

    A calibration frame that leaves a part unstated, such as the camera, joins all lights that
    agree in the other parts. A dark without a mosaic belongs to the only mosaic of its read-out.

    Parameters
    ----------
    frames : list of redpix.photometry.raw_frame.RawFrame
        Frames without a problem.

    Returns
    -------
    groups : list of (tuple, list of redpix.photometry.raw_frame.RawFrame)
        Read-out with the telescope, and its frames.
    notes : dict of str to list of str
        What was assumed of a frame, by path.
    """
    telescopes = {frame.telescope for frame in frames if frame.type == "light"} - {""}
    keys = [_key(frame, telescopes) for frame in frames]
    of_lights, of_others = [
        list(
            dict.fromkeys(
                key
                for frame, key in zip(frames, keys, strict=True)
                if (frame.type == "light") == light
            )
        )
        for light in (True, False)
    ]
    groups, notes = {}, {}
    for frame, key in zip(frames, keys, strict=True):
        homes = [key] if frame.type == "light" else _homes(key, of_lights, of_others)
        for home in homes:
            groups.setdefault(home, []).append(frame)
            if home != key:
                notes.setdefault(frame.path, []).append(_unstated(key, home))
    return _by_mosaic(groups), notes


def _key(frame, telescopes):
    """Return read-out and telescope; the telescope counts where the lights are of several."""
    shape, steps, camera, *settings = frame.readout
    # programs spell a camera with and without hyphens
    camera = re.sub("[^a-z0-9]", "", camera.lower())
    counts = len(telescopes) > 1 and frame.telescope in telescopes
    return (shape, steps, camera, *settings, frame.telescope if counts else "")


def _homes(own, of_lights, of_others):
    """Return the read-outs of lights that a calibration frame serves, or else its own."""
    if own in of_lights:
        return [own]
    homes = []
    for key in of_lights:
        more = any(a and not b for a, b in zip(own[_STATED:], key[_STATED:], strict=True))
        sole = sum(_agree(other, key) for other in of_others) == 1
        if _agree(own, key) and (sole or not more):
            homes.append(key)
    return homes or [own]


def _agree(one, other):
    """Return whether two read-outs are equal in all that both state."""
    if one[:_STATED] != other[:_STATED]:
        return False
    pairs = zip(one[_STATED:], other[_STATED:], strict=True)
    return all(a == b or not a or not b for a, b in pairs)


def _unstated(own, home):
    """Return a remark on the parts in which a frame and the lights that it serves differ."""
    parts = zip(PARTS[_STATED:], own[_STATED:], home[_STATED:], strict=True)
    names = [name for name, a, b in parts if a != b]
    return f"{', '.join(names)} of this frame or of the lights not stated: taken as equal"


def _by_mosaic(groups):
    """Return groups in which all frames with a mosaic have the same one."""
    made = []
    for key, members in groups.items():
        mosaics = list(dict.fromkeys(frame.mosaic for frame in members))
        if len(set(mosaics) - {()}) < 2:
            mosaics = [None]
        for mosaic in mosaics:
            some = [frame for frame in members if mosaic is None or frame.mosaic == mosaic]
            made.append((key, some))
    return made


def contrast(other, own, first=0):
    """Return words on the parts in which a read-out differs from that of a light.

    Parameters
    ----------
    other, own : tuple
        Parts of read-outs, with or without the telescope; the light's is the second.
    first : int
        Number of the first part, as in `PARTS`.

    Returns
    -------
    str
        Of another camera or telescope, that alone.
    """
    parts = [part for part in zip(PARTS[first:], other, own, strict=False) if part[1] != part[2]]
    whole = [part for part in parts if part[0] in ("camera", "telescope") and part[1] and part[2]]
    return ", ".join(f"{name} {_shown(a)} (the light {_shown(b)})" for name, a, b in whole or parts)


def _shown(value):
    if isinstance(value, tuple):
        return " x ".join(map(str, value))
    return value or "not stated"


def same_dark(one, other):
    """Return whether darks of a read-out serve another one, of which they may show more pixels.

    The telescope does not change a dark.

    Parameters
    ----------
    one, other : tuple
        Read-outs with the telescope.

    Returns
    -------
    bool
    """
    return one[1:-1] == other[1:-1]


def same_flat(one, other):
    """Return whether flats of a read-out serve another one: same binning, camera and telescope.

    The settings of gain and offset do not change a flat.

    Parameters
    ----------
    one, other : tuple
        Read-outs with the telescope.

    Returns
    -------
    bool
    """
    return (one[1], one[2], one[-1]) == (other[1], other[2], other[-1])


def window_in(frame, shape, start):
    """Return the pixels of a whole frame that a windowed light shows.

    Parameters
    ----------
    frame : redpix.photometry.raw_frame.RawFrame
        A light frame.
    shape : (int, int)
        Rows and columns of the whole frame.
    start : (int, int) or None
        First column and row of the whole frame on the detector; None if it does not state them.

    Returns
    -------
    redpix.io.sections.Section or None
        None if the light's window is unknown or not within the whole frame.
    """
    if frame.window is None:
        return None
    ny, nx = frame.readout[0]
    left, bottom = (a - b for a, b in zip(frame.window, start or (0, 0), strict=True))
    inside = left >= 0 and bottom >= 0 and left + nx <= shape[1] and bottom + ny <= shape[0]
    return Section(left, left + nx, bottom, bottom + ny) if inside else None
