"""Plan the masters of one read-out of a night."""

from redpix.photometry.night_masters import Dark, Master
from redpix.photometry.night_remarks import WARM

#: relative difference of exposure times that counts as equal
SAME_EXPOSURE = 0.01


class ReadoutPlan:
    """Frames of one read-out, and their masters.

    Parameters
    ----------
    masters : dict of str to Master
        Masters of the night, to which those of this read-out are added.
    key : tuple
        Read-out and telescope.
    frames : list of redpix.photometry.raw_frame.RawFrame
        Frames of the read-out.
    suffix : str
        End of the names of its masters.

    Attributes
    ----------
    bias : str
        Name of the master bias, or an empty text.
    darks : list of Dark
    flats : dict of str to str
        Names of the master flats by filter.
    members : dict of str to list of redpix.photometry.raw_frame.RawFrame
        Frames of each master.
    notes : dict of str to list of str
        Remarks on the frames of flats, by path.
    """

    def __init__(self, masters, key, frames, suffix):
        self.masters, self.key, self.frames, self.suffix = masters, key, frames, suffix
        self.bias, self.darks, self.flats = "", [], {}
        self.members, self.notes = {}, {}
        # darks of a colour camera may lack the card
        self.mosaic = next((frame.mosaic for frame in frames if frame.mosaic), ())
        self.start = next((frame.window for frame in frames if frame.window), None)

    def of(self, *kinds):
        """Return the frames of some types."""
        return [frame for frame in self.frames if frame.type in kinds]

    def add(self, name, master, members):
        """Add a master under a name of this read-out, and return the name."""
        name = f"{name}{self.suffix}"
        self.masters[name] = master._replace(mosaic=self.mosaic)
        self.members[name] = members
        return name

    def add_masters(self):
        """Add bias, darks and flats."""
        if biases := _best(self.of("bias")):
            self.bias = self.add("bias", Master("bias", _paths(biases)), biases)
        for exposure, darks in _by_exposure(self.of("dark", "flatdark")):
            self.add_darks(exposure, darks)
        flats = self.of("flat")
        for band in dict.fromkeys(frame.filter for frame in flats):
            self.add_flat(band, [frame for frame in flats if frame.filter == band])

    def add_darks(self, exposure, darks):
        """Add a master per temperature of the darks of one exposure time."""
        groups = [some for some in map(_best, _by_temperature(darks)) if some]
        for members in groups:
            temperature = _mean_temperature(members)
            label = f"_{temperature:.0f}C" if len(groups) > 1 and temperature is not None else ""
            master = Master("dark", _paths(members), exposure)
            name = self.add(f"dark_{_seconds(exposure)}{label}", master, members)
            self.darks.append(Dark(exposure, temperature, name, label))

    def add_flat(self, band, flats):
        """Add the master flat of a filter; the dark of its own exposure is taken away first."""
        flats = _best(flats, also_calibrated=True)
        if not flats:
            return
        master = Master("flat", _paths(flats), flats[0].exposure)
        if flats[0].done.state == "raw":
            master = self.with_darks(master, flats)
        self.flats[band] = self.add(f"flat_{safe(band)}" if band else "flat", master, flats)

    def with_darks(self, master, flats):
        """Return the master of raw flats with the dark of each."""
        names = []
        for flat in flats:
            name, remarks = self.dark_for(flat.exposure, flat.temperature, nearest=True)
            names.append(name)
            if remarks and not self.bias:
                self.notes.setdefault(flat.path, []).extend(remarks)
        if len(set(names)) == 1:
            return master._replace(dark=names[0])
        return master._replace(frame_darks=tuple(names))

    def dark_for(self, exposure, temperature=None, nearest=False):
        """Return the name of the master to take away from an exposure, and remarks.

        Parameters
        ----------
        exposure : float or None
            Seconds.
        temperature : float or None
            Degrees Celsius.
        nearest : bool
            Without a bias, take the dark of the nearest exposure time as it is. In a flat, the
            bias matters more than the light that a longer dark has too much.

        Returns
        -------
        name : str
        remarks : list of str
        """
        near = [dark for dark in self.darks if _near(dark.temperature, temperature)]
        same = [dark for dark in self.darks if _alike(dark.exposure, exposure)]
        timed = [dark for dark in near or self.darks if dark.exposure]
        if same:
            best = min(same, key=lambda dark: _apart(dark.temperature, temperature))
            if best in near or not (near and timed and self.bias and exposure):
                return best.name, []
        if not timed or exposure is None:
            return self.bias, self.without_dark()
        longest = max(timed, key=lambda dark: dark.exposure)
        if self.bias:
            words = f"the dark of {longest.exposure:g} s is scaled to {exposure:g} s, less its bias"
            return self.scaled(exposure, longest, self.bias, 0.0), [words]
        shortest = min(timed, key=lambda dark: dark.exposure)
        if not _alike(shortest.exposure, longest.exposure):
            words = f"no bias: the darks of {shortest.exposure:g} s and {longest.exposure:g} s "
            words += f"give that of {exposure:g} s"
            return self.scaled(exposure, longest, shortest.name, shortest.exposure), [words]
        if nearest:
            words = f"no bias: the dark of {longest.exposure:g} s is taken away as it is"
            return longest.name, [f"{words}, from an exposure of {exposure:g} s"]
        words = f"a dark of {longest.exposure:g} s without a bias cannot be scaled to "
        return "", [f"{words}{exposure:g} s: it is not taken away"]

    def scaled(self, exposure, dark, bias, shortest):
        """Return the name of a dark that is scaled to an exposure time; add it if it is new."""
        name = f"dark_{_seconds(exposure)}_scaled{dark.label}"
        if f"{name}{self.suffix}" not in self.masters:
            factor = (exposure - shortest) / (dark.exposure - shortest)
            master = Master("scaled dark", (), exposure, bias, dark.name, factor)
            self.add(name, master, self.members[dark.name])
        return f"{name}{self.suffix}"

    def without_dark(self):
        """Return remarks on a frame from which at most a bias is taken away."""
        if self.darks:
            taken = "the bias alone is" if self.bias else "neither a dark nor a bias is"
            words = "the exposure time of this frame or of the darks is unknown"
            return [f"{words}: {taken} taken away"]
        return [] if self.bias else ["neither a dark nor a bias: none is taken away"]

    def window(self, name, source, section):
        """Return the name of a master that is cut from one of another read-out's."""
        whole = self.masters[name]
        left, right, bottom, top = section
        part = f"{name}_{right - left}x{top - bottom}_{left}_{bottom}"
        if part not in self.masters:
            master = Master("window", (), whole.exposure, dark=name, section=str(section))
            self.masters[part] = master._replace(mosaic=self.mosaic)
        self.members[part] = source.members[name]
        return part


def _best(frames, also_calibrated=False):
    """Return the raw frames, or else those that were reduced before, or one combined frame."""
    of = {state: [] for state in ("raw", "calibrated", "combined")}
    for frame in frames:
        of[frame.done.state].append(frame)
    calibrated = of["calibrated"] if also_calibrated else []
    return of["raw"] or calibrated or of["combined"][:1]


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


def _apart(temperature, other):
    return 0.0 if temperature is None or other is None else abs(temperature - other)


def _near(temperature, other):
    return _apart(temperature, other) <= WARM


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


def _by_temperature(frames):
    """Return the frames of each temperature, those of unknown temperature with the first."""
    known = sorted(
        (frame for frame in frames if frame.temperature is not None),
        key=lambda frame: frame.temperature,
    )
    groups = []
    for frame in known:
        if groups and frame.temperature - groups[-1][-1].temperature <= WARM:
            groups[-1].append(frame)
        else:
            groups.append([frame])
    unknown = [frame for frame in frames if frame.temperature is None]
    if not groups:
        return [unknown]
    # in the order of the files
    groups[0] += unknown
    return [[frame for frame in frames if frame in group] for group in groups]


def _mean_temperature(frames):
    known = [frame.temperature for frame in frames if frame.temperature is not None]
    return sum(known) / len(known) if known else None


def _seconds(exposure):
    return "unknown" if exposure is None else f"{exposure:g}s"
