"""Remarks on a light and its calibration frames: temperature, date, other read-outs."""

from redpix.photometry.readouts import contrast

#: difference of temperature that is remarked, degrees Celsius
WARM = 2.0

#: time between a light and its calibration frames that is remarked, days
LONG_AGO = 3.0


def of_other_readouts(frame, frames, kinds):
    """Return a remark on calibration frames of another read-out or telescope, which are not used.

    Parameters
    ----------
    frame : redpix.photometry.raw_frame.RawFrame
        A light frame.
    frames : list of redpix.photometry.raw_frame.RawFrame
        Frames of the night.
    kinds : sequence of str
        Types of the calibration frames that the light lacks.

    Returns
    -------
    list of str
        One remark per other read-out that has such frames.
    """
    counts, own = {}, (*frame.readout, frame.telescope)
    for other in frames:
        key = other.type, (*other.readout, other.telescope or frame.telescope)
        if other.type in kinds and key[1] != own:
            counts[key] = counts.get(key, 0) + 1
    return [
        f"{number} {kind} frames are of another read-out: {contrast(readout, own)}"
        for (kind, readout), number in counts.items()
    ]


def differences(frame, name, members):
    """Return remarks on the temperature and the date of a light and of a master's frames.

    Parameters
    ----------
    frame : redpix.photometry.raw_frame.RawFrame
        A light frame.
    name : str
        Name of the master.
    members : list of redpix.photometry.raw_frame.RawFrame
        Raw frames of the master.

    Returns
    -------
    list of str
    """
    remarks = []
    temperatures = [other.temperature for other in members if other.temperature is not None]
    if frame.temperature is not None and temperatures and not name.startswith("flat"):
        mean = sum(temperatures) / len(temperatures)
        if abs(mean - frame.temperature) > WARM:
            remarks.append(f"{name} at {mean:.1f} C, the light at {frame.temperature:.1f} C")
    middles = [other.middle for other in members if other.middle is not None]
    if frame.middle is not None and middles:
        days = min(abs(middle - frame.middle) for middle in middles)
        if days > LONG_AGO:
            remarks.append(f"{name} was taken {days:.0f} days apart")
    return remarks
