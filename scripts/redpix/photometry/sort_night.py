"""Sort the files of a night by their headers, and write what is done with each."""

import json

import pandas as pd

from redpix.core.atomic_files import write_text
from redpix.core.exceptions import InputError
from redpix.core.job import log, progress
from redpix.io.fits_files import read_header
from redpix.photometry.night_plan import NightPlan
from redpix.photometry.raw_frame import RawFrame, raw_frame
from redpix.photometry.raw_image import amplifier_paths


def sort_night(frames, files, images, masters, folder):
    """Sort raw frames into bias, dark, flat and light, and plan their reduction.

    Parameters
    ----------
    frames : list of str
        FITS files.
    files : str
        CSV to write: one row per file, with its type and what it is used for.
    images : str
        TSV to write: the table of images, as the key ``images`` takes it.
    masters : str
        JSON to write: the raw frames of each master.
    folder : str
        Folder in which the masters will be, as the table of images names them.

    Raises
    ------
    InputError
        If no light frame can be used.
    """
    known = [described(path) for path in progress(frames, "headers of the night")]
    plan = NightPlan(known)
    known = plan.frames
    lights = {light.frame.path: light for light in plan.lights}
    uses = plan.uses()
    for frame in known:
        _log_frame(frame, uses.get(frame.path, []))
    for path, remarks in plan.notes.items():
        for remark in dict.fromkeys(remarks):
            log.warning("%s: %s", path, remark)
    for path, light in lights.items():
        for remark in light.remarks:
            log.warning("%s: %s", path, remark)
    if not plan.lights:
        kinds = pd.Series([frame.type or "unknown" for frame in known]).value_counts()
        counts = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
        raise InputError(
            f"night: no light frame to measure among {len(known)} files ({counts}); "
            f"see the log for each file"
        )
    rows = [
        _file_row(
            frame,
            uses.get(frame.path, []),
            [*plan.notes.get(frame.path, []), *_remarks(lights.get(frame.path))],
        )
        for frame in known
    ]
    write_text(files, pd.DataFrame(rows).to_csv(index=False))
    write_text(images, _images_table(plan.lights, folder))
    plain = {name: master._asdict() for name, master in plan.masters.items()}
    write_text(masters, json.dumps(plain, indent=1) + "\n")
    log.info("%d files: %d masters, %d lights", len(known), len(plan.masters), len(plan.lights))


def described(path):
    """Return what the header of a file states; a file that cannot be read has a problem.

    Parameters
    ----------
    path : str
        Path of the file.

    Returns
    -------
    RawFrame
    """
    try:
        image = read_header(path)
        amplifiers = len(amplifier_paths(path)) if len(image.names) > 2 else 0
    except InputError as error:
        return RawFrame(path, problem=str(error).removeprefix(f"{path}: "))
    if image.damage:
        return RawFrame(path, problem=image.damage)
    frame = raw_frame(path, image.header, image.shape)
    if amplifiers > 1:
        return frame._replace(remarks=(*frame.remarks, f"{amplifiers} amplifiers"))
    return frame._replace(remarks=(*frame.remarks, *image.remarks))


def _log_frame(frame, uses):
    if frame.problem:
        log.warning("%s: left out: %s", frame.path, frame.problem)
        return
    log.info(
        "%s: %s (%s), filter %s, %s s, binning %d x %d, %s C -> %s",
        frame.path,
        frame.type,
        frame.type_source,
        frame.filter or "none",
        "?" if frame.exposure is None else f"{frame.exposure:g}",
        *frame.readout[1],
        "?" if frame.temperature is None else f"{frame.temperature:.1f}",
        ", ".join(uses) or "not used",
    )


def _remarks(light):
    return light.remarks if light else ()


def _file_row(frame, uses, said):
    """Return the row of a file in files.csv."""
    remarks = [frame.problem, *frame.remarks, *dict.fromkeys(said)]
    if not uses and not frame.problem:
        remarks.append(frame.done.reason or "not needed by any light")
    x, y = frame.readout[1] if frame.readout else (None, None)
    return {
        "file": frame.path,
        "type": frame.type or "",
        "type_from": frame.type_source,
        "filter": frame.filter,
        "exposure": frame.exposure,
        "binning": f"{x}x{y}" if x else "",
        "temperature": frame.temperature,
        "mjd": frame.middle,
        "target": frame.target,
        "used_for": " ".join(uses),
        "remarks": "; ".join(filter(None, remarks)),
    }


def _images_table(lights, folder):
    """Return the table of images as text."""
    lines = ["image\tpath\tdark\tflat\tfield"]
    for light in lights:
        colour = f"[{light.colour}]" if light.colour else ""
        masters = [
            f"{folder}/{name}.fits{colour}" if name else "" for name in (light.dark, light.flat)
        ]
        path = f"{light.frame.path}{colour}"
        lines.append("\t".join([light.image, path, *masters, light.field]))
    return "\n".join(lines) + "\n"
