"""Names that differ from frame to frame of a night: filters of flats, targets of lights."""

import math
import re
from pathlib import PurePath

#: lights whose telescopes point this close to each other may show the same field, degrees
_SAME_FIELD = 0.05


def with_filters(frames):
    """Return frames whose flats have filters, also those that state it by their name only.

    Parameters
    ----------
    frames : list of redpix.photometry.raw_frame.RawFrame
        Frames of a night.

    Returns
    -------
    list of redpix.photometry.raw_frame.RawFrame
    """
    bands = {one.filter for one in frames if one.type == "light" and one.filter}
    stated = {one.filter for one in frames if one.type == "flat" and one.filter}
    return [
        _with_filter(one, bands, stated) if one.type == "flat" and not one.filter else one
        for one in frames
    ]


def _with_filter(flat, bands, stated):
    """Return a flat with the filter of its name, or of all lights, and a remark."""
    for part in reversed(PurePath(flat.path).parts[-3:]):
        tokens = re.split(r"[^A-Za-z0-9']+", part)
        if named := [band for band in bands if band in tokens]:
            words = f"the header names no filter; {named[0]} is from the name {part}"
            return flat._replace(filter=named[0], remarks=(*flat.remarks, words))
    if len(bands) == 1 and not stated:
        (band,) = bands
        words = f"no flat states a filter; it is taken as {band}, the filter of all lights"
        return flat._replace(filter=band, remarks=(*flat.remarks, words))
    return flat


def with_targets(frames):
    """Return frames whose lights have one spelling per target: M 13 and M13 are the same.

    Parameters
    ----------
    frames : list of redpix.photometry.raw_frame.RawFrame
        Frames of a night.

    Returns
    -------
    list of redpix.photometry.raw_frame.RawFrame
        A light of another name that points at the same place has a remark.
    """
    spellings, places, made = {}, {}, []
    for frame in frames:
        if frame.type == "light":
            name = re.sub("[^a-z0-9]", "", frame.target.lower())
            target = spellings.setdefault(name, frame.target)
            frame = frame._replace(target=target)
            twin = _twin(frame, places)
            if twin:
                words = f"the telescope points at {twin}, which has light curves of its own"
                frame = frame._replace(remarks=(*frame.remarks, words))
            if frame.pointing:
                places.setdefault(target, frame.pointing)
        made.append(frame)
    return made


def _twin(frame, places):
    """Return another target at the place of a light, or None."""
    if not frame.pointing or frame.target in places:
        return None
    ra, dec = frame.pointing
    for target, (other_ra, other_dec) in places.items():
        across = ((ra - other_ra + 180) % 360 - 180) * math.cos(math.radians(dec))
        if math.hypot(across, dec - other_dec) < _SAME_FIELD:
            return target
    return None
