"""Lay out the jobs of a run on a chart of time against cores."""

import numpy as np

#: longest time without a job that is shown at its length, as a share of the busy time
_IDLE = 0.05

#: maximum number of jobs on the chart, the longest
MOST_JOBS = 2000

#: colours of rules, in the order of their first job; white text on each has a contrast above 4.5
COLOURS = (
    "#1f5583",
    "#9a4b00",
    "#1c6b37",
    "#7a2f8f",
    "#a3201d",
    "#4a5568",
    "#00667a",
    "#6b5b00",
    "#8a2560",
    "#3a4fa0",
    "#5f3a1d",
    "#2f6f5f",
)


def free_lane(ends, start, cores):
    """Return the lowest lane at which some adjacent lanes are free.

    Parameters
    ----------
    ends : list of float
        Time at which the last job of each lane ends.
    start : float
        Time.
    cores : int
        Number of adjacent lanes.

    Returns
    -------
    int
        0-based; it may lie beyond the last lane.
    """
    for lane in range(len(ends) + 1):
        if all(end <= start for end in ends[lane : lane + cores]):
            return lane
    return len(ends)


def shortened(starts, ends):
    """Return the times of a chart on which long times without a job are short.

    Parameters
    ----------
    starts, ends : ndarray, shape (n,)
        Times of the jobs, in the order of their start, seconds.

    Returns
    -------
    starts, ends : ndarray, shape (n,)
        Seconds from the first start.
    breaks : list of (float, float)
        Place of each shortened time on the chart, and how long it was.
    """
    latest = np.maximum.accumulate(ends)
    gaps = np.maximum(0, starts[1:] - latest[:-1])
    busy = latest[-1] - starts[0] - gaps.sum()
    longest = max(1.0, _IDLE * busy)
    cut = np.concatenate([[0.0], np.cumsum(np.where(gaps > longest, gaps - longest, 0.0))])
    breaks = [
        (float(latest[k] - starts[0] - cut[k] + longest / 2), float(gaps[k]))
        for k in np.flatnonzero(gaps > longest)
    ]
    return starts - starts[0] - cut, ends - starts[0] - cut, breaks


def layout(jobs, most=MOST_JOBS):
    """Return the bars of the jobs of a run.

    Parameters
    ----------
    jobs : list of redpix.report.job_records.JobTime
        In the order of their start.
    most : int
        Maximum number of bars.

    Returns
    -------
    dict or None
        `bars`: `x` and `width`, shares of the length of the chart in percent, `lane` and `cores`,
        `colour`, `pale` for rules beyond the `colours`, the number of colours, and `title`;
        `lanes`, their number; `ticks`: (percent, text); `breaks`: (percent, text); `rules`:
        (name, colour, jobs, seconds); `left_out`, the number of jobs without a
        bar; `length` and `used`, seconds of the chart and of cores. None without jobs.
    """
    if not jobs:
        return None
    starts, ends, breaks = shortened(
        np.array([job.start for job in jobs]), np.array([job.end for job in jobs])
    )
    length = max(float(ends.max()), 1e-3)
    rules = list(dict.fromkeys(job.rule for job in jobs))
    colours = {rule: COLOURS[number % len(COLOURS)] for number, rule in enumerate(rules)}
    shown = set(np.argsort(starts - ends, kind="stable")[:most].tolist())
    bars, lanes = [], []
    for number, job in enumerate(jobs):
        lane = free_lane(lanes, starts[number], job.cores)
        lanes += [0.0] * (lane + job.cores - len(lanes))
        lanes[lane : lane + job.cores] = [ends[number]] * job.cores
        if number in shown:
            seconds = ends[number] - starts[number]
            bars.append(
                {
                    "x": round(100 * float(starts[number]) / length, 3),
                    "width": round(max(100 * float(seconds) / length, 0.05), 3),
                    "lane": lane,
                    "cores": job.cores,
                    "colour": colours[job.rule],
                    "pale": rules.index(job.rule) >= len(COLOURS),
                    "title": f"{job.rule}: {job.name}, {seconds:.1f} s from {starts[number]:.1f} s",
                }
            )
    return {
        "bars": bars,
        "lanes": len(lanes),
        "ticks": [(100 * tick / length, f"{tick:g} s") for tick in ticks(length)],
        "breaks": [(100 * place / length, duration(seconds)) for place, seconds in breaks],
        "rules": costs(jobs, colours),
        "colours": len(COLOURS),
        "left_out": len(jobs) - len(bars),
        "length": length,
        "used": sum((job.end - job.start) * job.cores for job in jobs),
    }


def costs(jobs, colours):
    """Return the cost of each rule.

    Parameters
    ----------
    jobs : list of redpix.report.job_records.JobTime
        Jobs of a run.
    colours : dict of str to str
        Colour of each rule.

    Returns
    -------
    list of (str, str, int, float)
        Rule, colour, number of jobs, and seconds of cores, in the order of `colours`.
    """
    found = []
    for rule, colour in colours.items():
        of_rule = [job for job in jobs if job.rule == rule]
        seconds = sum((job.end - job.start) * job.cores for job in of_rule)
        found.append((rule, colour, len(of_rule), seconds))
    return found


def ticks(length):
    """Return round times along a chart, about six.

    Parameters
    ----------
    length : float
        Length of the chart, seconds.

    Returns
    -------
    list of float
    """
    step = 10.0 ** np.floor(np.log10(length / 2))
    step *= next(factor for factor in (1, 2, 5, 10) if length / (step * factor) <= 8)
    return [float(f"{tick:.6g}") for tick in np.arange(0, length, step)]


def duration(seconds):
    """Return a time in words.

    Parameters
    ----------
    seconds : float
        Seconds.

    Returns
    -------
    str
    """
    for unit, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= unit:
            return f"{seconds / unit:.1f} {name}"
    return f"{seconds:.0f} s"
