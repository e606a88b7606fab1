"""Plan the reduction of a night: which frames make which master, and what each light takes.

Frames are compared by read-out, exposure time, temperature and filter. A dark of another exposure
time is scaled after its bias was taken away, and only then. Flats are scaled by their medians.
"""

import re
from pathlib import PurePath

from redpix.io.colour_planes import COLOURS
from redpix.photometry.night_guesses import with_filters, with_targets
from redpix.photometry.night_masters import Light
from redpix.photometry.night_remarks import differences, of_other_readouts
from redpix.photometry.readout_plan import ReadoutPlan, safe
from redpix.photometry.readouts import by_readout, contrast, same_dark, same_flat, window_in


class NightPlan:
    """The masters and lights of a night.

    Parameters
    ----------
    frames : list of redpix.photometry.raw_frame.RawFrame
        Frames with a problem are left out.

    Attributes
    ----------
    masters : dict of str to redpix.photometry.night_masters.Master
        By name, each after those that it needs.
    lights : list of redpix.photometry.night_masters.Light
    frames : list of redpix.photometry.raw_frame.RawFrame
        All frames, with filters and targets as they are used.
    notes : dict of str to list of str
        What was assumed of a calibration frame, by path.
    """

    def __init__(self, frames):
        self.masters, self.lights = {}, []
        self.frames = with_targets(with_filters(frames))
        self.usable = [frame for frame in self.frames if not frame.problem]
        groups, self.notes = by_readout(self.usable)
        self.readouts = [
            ReadoutPlan(self.masters, key, group, f"_{number}" if len(groups) > 1 else "")
            for number, (key, group) in enumerate(groups, start=1)
        ]
        for readout in self.readouts:
            readout.add_masters()
            for path, remarks in readout.notes.items():
                self.notes.setdefault(path, []).extend(remarks)
        for readout in self.readouts:
            for frame in readout.of("light"):
                if frame.done.state != "combined":
                    colours = COLOURS if frame.mosaic else ("",)
                    self.lights += [self.light(readout, frame, colour) for colour in colours]

    def uses(self):
        """Return the masters and lights that each frame is part of, by path."""
        found = {}
        for name, master in self.masters.items():
            for path in master.frames:
                found.setdefault(path, []).append(name)
        for light in self.lights:
            found.setdefault(light.frame.path, []).append(light.image)
        return found

    def light(self, readout, frame, colour):
        """Return a light frame, or one colour of it, with the masters that it takes."""
        image = self.image_name(frame, colour)
        field = safe("_".join(filter(None, (frame.target, frame.filter, colour))))
        if frame.done.state == "calibrated":
            dark, flat, remarks = "", *self.flat_of_reduced(readout, frame)
            return Light(frame, image, field, dark, flat, tuple(remarks), colour)
        dark, remarks = self.dark_for(readout, frame)
        flat, said = self.flat_for(readout, frame)
        remarks = [*remarks, *said]
        for name in filter(None, (dark, flat)):
            remarks += differences(frame, name, readout.members[name])
        for kinds, missing in ((("bias", "dark"), not dark), (("flat",), not flat)):
            if missing:
                remarks += of_other_readouts(frame, self.usable, kinds)
        return Light(frame, image, field, dark, flat, tuple(remarks), colour)

    def dark_for(self, readout, frame):
        """Return the name of the dark or bias of a light, and remarks."""
        if not (readout.bias or readout.darks):
            for other, section in self.wider(readout, frame, same_dark):
                name, remarks = other.dark_for(frame.exposure, frame.temperature)
                if name:
                    remarks = [*remarks, *_of_another(name, other, readout)]
                    return _cut(readout, name, other, section, remarks)
        return readout.dark_for(frame.exposure, frame.temperature)

    def flat_for(self, readout, frame):
        """Return the name of the flat of a light, and remarks."""
        if band := _band(readout.flats, frame.filter):
            return _named(readout.flats, band, frame)
        for other, section in self.wider(readout, frame, same_flat):
            if band := _band(other.flats, frame.filter):
                name, remarks = _named(other.flats, band, frame)
                remarks = [*remarks, *_of_another(name, other, readout)]
                return _cut(readout, name, other, section, remarks)
        others = ", ".join(band or "no filter" for band in readout.flats)
        wanted = f"no flat of filter {frame.filter}" if frame.filter else "no flat"
        return "", [f"{wanted}, only of {others}" if others else wanted]

    def wider(self, readout, frame, serves):
        """Yield other read-outs that serve a light, and the window that it shows of each."""
        nearest = sorted(self.readouts, key=lambda other: other.key[1:] != readout.key[1:])
        for other in nearest:
            if other is readout or not serves(other.key, readout.key):
                continue
            if other.key[0] == readout.key[0] and other.start in (frame.window, None):
                if other.mosaic == readout.mosaic:
                    yield other, None
            elif section := window_in(frame, other.key[0], other.start):
                yield other, section

    def flat_of_reduced(self, readout, frame):
        """Return the flat that a light still lacks that was reduced before, and remarks."""
        before = f"{frame.done.reason}: reduced before"
        flat = ""
        if frame.done.lacks_flat:
            flat, said = self.flat_for(readout, frame)
        if not flat:
            return "", [f"{before}, measured as it is"]
        return flat, [f"{before}, only divided by {flat}", *said]

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


def _band(flats, band):
    """Return the spelling of a filter among flats, or None; None for a flat of another filter.

    Case counts in names of one letter: r is not R.
    """
    if band in flats:
        return (band,)
    alike = [one for one in flats if one.lower() == band.lower() and len(band) > 1]
    return (alike[0],) if len(alike) == 1 else None


def _named(flats, band, frame):
    """Return the name of a flat, and a remark if its filter has another spelling."""
    remark = f"the filter {band[0]} of the flats is taken as {frame.filter}"
    return flats[band[0]], [remark] if band[0] != frame.filter else []


def _of_another(name, other, readout):
    """Return a remark on a master whose settings or telescope are not those of a light."""
    if other.key[1:] == readout.key[1:]:
        return []
    words = contrast(other.key[1:], readout.key[1:], first=1)
    return [f"{name} is of another read-out: {words}"]


def _cut(readout, name, other, section, remarks):
    """Return the name of a master of another read-out, cut to a window if need be, and remarks."""
    if section is None:
        readout.members[name] = other.members[name]
        return name, remarks
    part = readout.window(name, other, section)
    return part, [*remarks, f"pixels {section} of {name}"]
