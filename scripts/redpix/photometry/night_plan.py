"""Plan the reduction of a night: which frames make which master, and what each light takes.

Frames are compared by read-out, exposure time, temperature and filter. A dark of another exposure
time is scaled after its bias was taken away, and only then. Flats are scaled by their medians.
"""

import re
from pathlib import PurePath
from typing import NamedTuple

from redpix.io.colour_planes import COLOURS
from redpix.photometry.night_remarks import differences, of_other_readouts

#: relative difference of exposure times that counts as equal
SAME_EXPOSURE = 0.01


class Master(NamedTuple):
    """A calibration frame that is combined from raw ones.

    Attributes
    ----------
    kind : {"bias", "dark", "scaled dark", "flat"}
    frames : tuple of str
        Raw frames. One combined frame of the user is taken as it is.
    exposure : float or None
        Exposure time of the frames, seconds.
    bias, dark : str
        Names of the masters that are taken away from each frame first, or empty texts. A scaled
        dark is (dark - bias) * factor + bias.
    factor : float
        Exposure time of the light over that of the dark.
    mosaic : tuple of (str, str or int)
        Cards of the mosaic of a colour camera. Masters are mosaics, as their frames are.
    """

    kind: str
    frames: tuple = ()
    exposure: float | None = None
    bias: str = ""
    dark: str = ""
    factor: float = 1.0
    mosaic: tuple = ()


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


class NightPlan:
    """The masters and lights of a night.

    Parameters
    ----------
    frames : list of redpix.photometry.raw_frame.RawFrame
        Frames with a problem are left out.

    Attributes
    ----------
    masters : dict of str to Master
        By name, each after those that it needs.
    lights : list of Light
    """

    def __init__(self, frames):
        self.masters, self.lights = {}, []
        usable = [frame for frame in frames if not frame.problem]
        groups = _by_readout(usable)
        for number, group in enumerate(groups, start=1):
            suffix = "" if len(groups) == 1 else f"_{number}"
            _Readout(self, group, suffix, usable).plan()

    def uses(self):
        """Return the masters and lights that each frame is part of, by path."""
        found = {}
        for name, master in self.masters.items():
            for path in master.frames:
                found.setdefault(path, []).append(name)
        for light in self.lights:
            found.setdefault(light.frame.path, []).append(light.image)
        return found


class _Readout:
    """Frames of one read-out."""

    def __init__(self, plan, frames, suffix, everything):
        self.masters, self.lights, self.suffix = plan.masters, plan.lights, suffix
        self.frames, self.everything = frames, everything
        self.bias, self.flats = "", {}
        self.darks = {}  # master's name by exposure
        self.members = {}  # frames of each master
        # darks of a colour camera may lack the card
        self.mosaic = next((frame.mosaic for frame in frames if frame.mosaic), ())

    def of(self, kind):
        """Return the raw frames of a type, or else the first combined one of the user."""
        frames = [frame for frame in self.frames if frame.type == kind]
        raw = [frame for frame in frames if frame.done.state == "raw"]
        return raw or [frame for frame in frames if frame.done.state == "combined"][:1]

    def add(self, name, master, members):
        """Add a master under a name of this read-out."""
        name = f"{name}{self.suffix}"
        self.masters[name] = master._replace(mosaic=self.mosaic)
        self.members[name] = members
        return name

    def plan(self):
        """Add masters and lights to the plan."""
        biases = self.of("bias")
        if biases:
            self.bias = self.add("bias", Master("bias", _paths(biases)), biases)
        for exposure, darks in _by_exposure(self.of("dark") + self.of("flatdark")):
            master = Master("dark", _paths(darks), exposure)
            self.darks[exposure] = self.add(f"dark_{_seconds(exposure)}", master, darks)
        flats = self.of("flat")
        for band in dict.fromkeys(frame.filter for frame in flats):
            self.add_flat(band, [frame for frame in flats if frame.filter == band])
        for frame in self.frames:
            if frame.type == "light" and frame.done.state != "combined":
                colours = COLOURS if frame.mosaic else ("",)
                self.lights += [self.light(frame, colour) for colour in colours]

    def add_flat(self, band, flats):
        """Add the master flat of a filter; the dark of its own exposure is taken away first."""
        exposure = flats[0].exposure
        if flats[0].done.state == "combined":
            master = Master("flat", _paths(flats), exposure)
        else:
            dark, _ = self.dark_for(exposure)
            master = Master("flat", _paths(flats), exposure, dark=dark)
        name = f"flat_{safe(band)}" if band else "flat"
        self.flats[band] = self.add(name, master, flats)

    def dark_for(self, exposure):
        """Return the name of the master to take away from an exposure, and remarks.

        Parameters
        ----------
        exposure : float or None
            Seconds.
        """
        same = [name for time, name in self.darks.items() if _alike(time, exposure)]
        if same:
            return same[0], []
        longest = max((time for time in self.darks if time), default=None)
        if longest is None or exposure is None:
            return self.bias, self.without_dark()
        if not self.bias:
            return "", [
                f"a dark of {longest:g} s without a bias cannot be scaled to {exposure:g} s: it is "
                "not taken away"
            ]
        name = f"dark_{_seconds(exposure)}_scaled{self.suffix}"
        if name not in self.masters:
            dark = self.darks[longest]
            factor = exposure / longest
            master = Master("scaled dark", (), exposure, self.bias, dark, factor, self.mosaic)
            self.masters[name], self.members[name] = master, self.members[dark]
        return name, [f"the dark of {longest:g} s is scaled to {exposure:g} s, less its bias"]

    def without_dark(self):
        """Return remarks on a frame from which at most a bias is taken away."""
        if self.darks:
            taken = "the bias alone is" if self.bias else "neither a dark nor a bias is"
            words = "the exposure time of this frame or of the darks is unknown"
            return [f"{words}: {taken} taken away"]
        return [] if self.bias else ["neither a dark nor a bias: none is taken away"]

    def light(self, frame, colour):
        """Return a light frame, or one colour of it, with the masters that it takes."""
        image = self.image_name(frame, colour)
        field = safe("_".join(filter(None, (frame.target, frame.filter, colour))))
        if frame.done.state == "calibrated":
            remarks = (f"{frame.done.reason}: reduced before, measured as it is",)
            return Light(frame, image, field, remarks=remarks, colour=colour)
        dark, remarks = self.dark_for(frame.exposure)
        flat = self.flats.get(frame.filter, "")
        if not flat:
            others = ", ".join(band or "no filter" for band in self.flats)
            wanted = f"no flat of filter {frame.filter}" if frame.filter else "no flat"
            remarks.append(f"{wanted}, only of {others}" if others else wanted)
        for name in filter(None, (dark, flat)):
            remarks += differences(frame, name, self.members[name])
        for kinds, missing in ((("bias", "dark"), not dark), (("flat",), not flat)):
            if missing:
                remarks += of_other_readouts(frame, self.everything, kinds)
        return Light(frame, image, field, dark, flat, tuple(remarks), colour)

    def image_name(self, frame, colour):
        """Return a name that no other light has."""
        stem = re.split(r"\.fi?ts?\b", PurePath(frame.path).name, flags=re.IGNORECASE)[0]
        name = safe(stem).replace(".", "_")
        taken = {light.image for light in self.lights} | {"lightcurves", "scatter"}
        end = f"_{colour}" if colour else ""
        number = 1
        while (image := f"{name}{end}" if number == 1 else f"{name}_{number}{end}") in taken:
            number += 1
        return image


def _by_readout(frames):
    """Return the frames of each read-out.

    A frame without a mosaic, such as a dark, belongs to the only mosaic of its read-out.
    """
    mosaics = {}
    for frame in frames:
        mosaics.setdefault(frame.readout, set()).update({frame.mosaic} - {()})
    groups = {}
    for frame in frames:
        several = len(mosaics[frame.readout]) > 1
        groups.setdefault((frame.readout, frame.mosaic if several else ()), []).append(frame)
    return list(groups.values())


def safe(text):
    """Return a text as a name of files: letters, digits, ``_ . -``, a letter or digit first."""
    kept = "".join(c if c.isalnum() and c.isascii() or c in ".-" else "_" for c in text)
    return kept.strip("_.-") or "frame"


def _paths(frames):
    return tuple(frame.path for frame in frames)


def _alike(time, other):
    if time is None or other is None:
        return time is other
    return abs(time - other) <= SAME_EXPOSURE * max(time, other)


def _by_exposure(frames):
    """Return exposure time and frames of each group of equal exposure times."""
    groups = []
    for frame in frames:
        for time, members in groups:
            if _alike(time, frame.exposure):
                members.append(frame)
                break
        else:
            groups.append((frame.exposure, [frame]))
    return groups


def _seconds(exposure):
    return "unknown" if exposure is None else f"{exposure:g}s"
