"""The report's part on difference images: figures and facts of each pair."""

from pathlib import Path

import numpy as np
import pandas as pd
from astropy.io import fits

from redpix.image.masks import bit_value
from redpix.image.wcs import frame_wcs
from redpix.report.difference_plots import MOST, completeness_figure, score_figure, triplet_figure
from redpix.report.figures import data_uri
from redpix.subtraction.transients import matches

#: least signal to noise of the transients that completeness and purity are given for
LEAST_SN = 7.5

#: rows of the list that is shown
LISTED = 20


def show_pairs(differences, tables, truth):
    """All pairs, each with its bands.

    Parameters
    ----------
    differences : sequence of str
        ``<pair>/<band>/difference.fits``.
    tables : sequence of str
        Transients of all bands, one file a pair.
    truth : str or None
        The demo's truth.
    """
    true = pd.read_csv(truth) if truth else pd.DataFrame({"kind": []})
    true = true[true["kind"] == "transient"]
    return [
        show_pair(
            Path(table).parent.name,
            [path for path in differences if Path(path).parents[1] == Path(table).parent],
            pd.read_csv(table),
            true,
        )
        for table in tables
    ]


def show_pair(name, differences, found, true):
    """Figures and facts of one pair."""
    scores, bands, magnitudes, hits, triplets = {}, [], {}, {}, None
    for path in differences:
        band = Path(path).parent.name
        rows = found[found["band"] == band].reset_index(drop=True)
        with fits.open(path, memmap=False) as hdus:
            header, mask = hdus["D"].header, hdus["MASK"].data
            clean = (mask == 0) & np.isfinite(hdus["SCORR"].data)
            scores[band] = hdus["SCORR"].data[clean]
            facts = band_facts(header, clean.sum() / np.sum((mask & bit_value("NO_DATA")) == 0))
            facts["transients"] = f"{len(rows)}, {np.sum(rows['flags'] == 0)} without a flag"
            best = rows[rows["flags"] == 0].head(MOST)
            if triplets is None and len(best):
                triplets = data_uri(
                    triplet_figure(
                        *(hdus[plane].data for plane in ("NEW", "REF", "D")),
                        list(zip(best["x"], best["y"], strict=True)),
                        [row_title(row) for row in best.itertuples()],
                    )
                )
            if len(true):
                x, y = frame_wcs(header).all_world2pix(true["ra"], true["dec"], 0)
                error = hdus["ALPHA_ERR"].data
                recovered = recovery(rows, true[f"flux_{band}"], x, y, error)
                if recovered is not None:
                    facts |= recovered["facts"]
                    magnitudes[band] = true[band].to_numpy()[recovered["inside"]]
                    hits[band] = recovered["hit"]
        bands.append({"name": band, "facts": facts})
    return {
        "name": name,
        "bands": bands,
        "scores": data_uri(score_figure(scores)),
        "triplets": triplets,
        "completeness": data_uri(completeness_figure(magnitudes, hits)) if magnitudes else None,
        "n": len(found),
        "rows": found[found["flags"] == 0].head(LISTED).to_dict("records"),
    }


def row_title(row):
    """What a triplet is headed with; an image without a zero point has no magnitudes."""
    magnitude = f"{row.mag:.1f} mag, " if np.isfinite(row.mag) else ""
    return f"{row.band} {magnitude}{row.scorr:+.0f}σ"


def band_facts(header, usable):
    """What a difference's header says, as a person reads it."""
    return {
        "robust std of Scorr": f"{header['SCORRSTD']:.4f}",
        "flux ratio": f"{header['FLXRATIO']:.4f}, scatter {header['FLXSCAT']:.4f}",
        "registration, rms": f"{header['REGRMSX']:.3f} and {header['REGRMSY']:.3f} pixels, "
        f"{header['NSTARS']} stars",
        "FWHM": f"{header['FWHMNEW']:.2f} and {header['FWHMREF']:.2f} pixels",
        "usable": f"{100 * usable:.1f} % of the common sky",
    }


def recovery(rows, flux, x, y, error):
    """Completeness and purity against a truth; None if none of it is in the image."""
    column, row = np.rint(x).astype(int), np.rint(y).astype(int)
    inside = (column >= 0) & (column < error.shape[1]) & (row >= 0) & (row < error.shape[0])
    inside[inside] = np.isfinite(error[row[inside], column[inside]])
    if not inside.any():
        return None
    used = matches(rows["x"], rows["y"], x[inside], y[inside])[1]
    # found is what stands in the list without a flag
    clean = rows[rows["flags"] == 0]
    hit = matches(clean["x"], clean["y"], x[inside], y[inside])[0]
    ratio = flux.to_numpy()[inside] / error[row[inside], column[inside]]
    strong = ratio > LEAST_SN
    good = (rows["flags"] == 0) & (rows["scorr"].abs() > LEAST_SN)
    facts = {
        f"found with S/N > {LEAST_SN}": f"{np.sum(hit & strong)} of {np.sum(strong)} simulated",
        f"of unflagged with score > {LEAST_SN}": f"{np.sum(good & used)} of {good.sum()} are true",
    }
    return {"facts": facts, "inside": inside, "hit": hit}
