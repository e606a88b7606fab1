"""Show in the report how the tables of magnitudes of a run were understood."""

from redpix.photoz.input_words import written_in_words
from redpix.report.tables import DASH

#: unit of a magnitude that is made of a flux, by the softening of its scale
_SCALES = {True: "asinh magnitude of a flux", False: "magnitude of a flux"}


def show_input(metrics):
    """Return how the tables behind a method's metrics were understood.

    Parameters
    ----------
    metrics : dict
        metrics.json of a table of magnitudes.

    Returns
    -------
    dict
        ``files``: facts and bands of each file; ``left_out``: reasons and numbers of objects;
        ``completed``: objects with completed values, by set; ``limits``: objects with upper
        limits, by set and band; ``warnings``: lines of text;
        ``compared``: differences of both tables by magnitude and colour.
    """
    return {
        "files": [_file(one) for one in metrics.get("input", [])],
        "left_out": list(metrics.get("left_out_reasons", {}).items()),
        "completed": [
            (name, counts["objects"])
            for name, counts in metrics.get("completed", {}).items()
            if counts["objects"]
        ],
        "limits": [
            (name, band, count)
            for name, counts in metrics.get("limits", {}).items()
            for band, count in counts.items()
        ],
        "warnings": metrics.get("warnings", []),
        "compared": [
            (name, f"{found['ks']:.3f}", f"{found['shift']:+.3f}")
            for name, found in metrics.get("compared", {}).items()
        ],
    }


def _file(understood):
    """Return the facts of a file, and a row per band."""
    facts = {
        "redshift": understood["redshift"] or "not given",
        "id": understood["id"] or "number of the line",
        "class": _classes(understood),
        "rows": f"{understood['rows']:,}",
        "rows with a redshift": f"{understood['with_redshift']:,}",
    }
    if understood.get("bands"):
        facts["elements of vectors taken as"] = f"{' '.join(understood['bands'])}, as in SDSS"
    codes = understood["missing"].get(understood["redshift"])
    if codes:
        facts["missing redshifts"] = _counts(codes)
    if understood["negative_redshifts"]:
        facts["redshifts from -0.01 to 0 set to 0"] = f"{understood['negative_redshifts']:,}"
    written = written_in_words(understood)
    if written:
        facts["limits, and cells that are not plain numbers"] = "; ".join(written)
    return {"name": understood["file"], "facts": facts, "bands": _bands(understood)}


def _classes(understood):
    """Return the column of classes and their spellings in words."""
    if not understood["class"]:
        return "all galaxies"
    pairs = (f"{cell} as {name}" for cell, name in understood["classes"].items())
    return "; ".join([understood["class"], *pairs])


def _bands(understood):
    """Return a row per band: wavelength, column, scale, error, missing values."""
    magnitudes = understood["magnitudes"]
    errors = understood["errors"] or [None] * len(magnitudes)
    zero_points = understood["zero_points"] or [None] * len(magnitudes)
    softening = understood["softening"] or [0] * len(magnitudes)
    wavelengths = understood.get("wavelengths") or [None] * len(magnitudes)
    rows = []
    for column, error, point, soft, wavelength in zip(
        magnitudes, errors, zero_points, softening, wavelengths, strict=True
    ):
        scale = "magnitude" if point is None else f"{_SCALES[bool(soft)]}, zero point {point:g}"
        kind = " (inverse variance)" if error in understood["inverse_variances"] else ""
        unit = understood.get("errors_converted", {}).get(error)
        kind += f", converted from {unit}" if unit else ""
        filled = understood["errors_filled"].get(column)
        rows.append(
            {
                "column": column,
                "wavelength": DASH if wavelength is None else f"{wavelength:.0f}",
                "scale": scale,
                "error": f"{error}{kind}" if error else DASH,
                "missing": _counts(understood["missing"].get(column, {})) or DASH,
                "filled": f"{filled:,}" if filled else DASH,
            }
        )
    return rows


def _counts(codes):
    """Return codes of missing values with their numbers of rows in words."""
    return ", ".join(f"{code}: {count:,}" for code, count in codes.items())
