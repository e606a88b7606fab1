"""Section of the report on difference images: figures and facts of each pair."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from astropy.io import fits

from redpix.image.masks import bit_value
from redpix.image.wcs import frame_wcs
from redpix.report.change_stamps import MOST_STAMPS, show_stamps
from redpix.report.difference_facts import band_facts
from redpix.report.difference_plots import MOST, completeness_figure, score_figure, triplet_figure
from redpix.report.difference_recovery import recovery
from redpix.report.figures import data_uri
from redpix.report.known_objects import read_transients
from redpix.report.likely_transients import most_likely

#: maximum number of rows of the list of transients
LISTED = 20

#: maximum number of pairs with figures; the others have their facts
MOST_DRAWN = 12

#: maximum number of cut-outs of all pairs, shared evenly by their bands, each of which has a few
MOST_CHANGES, LEAST_STAMPS = 2000, 3


class BandResults(NamedTuple):
    """Contents of the report on one band of a pair.

    Attributes
    ----------
    facts : dict of str to str
    scores : ndarray
        Scores of the pixels without a mask bit.
    triplets : str or None
        Figure of the most significant transients as a ``data:`` URI.
    magnitudes : ndarray or None
        Magnitudes of the true transients in the image.
    hits : ndarray of bool or None
        Whether each of them was found.
    warnings : list of str
        What the header warns of.
    stamps : list of dict
        Transients with cut-outs, from `redpix.report.change_stamps.show_stamps`.
    """

    facts: dict
    scores: np.ndarray
    triplets: str = None
    magnitudes: np.ndarray = None
    hits: np.ndarray = None
    warnings: tuple = ()
    stamps: list = ()


def show_pairs(differences, tables, truth):
    """Return figures and facts of all pairs.

    Parameters
    ----------
    differences : sequence of str
        ``<pair>/<band>/difference.fits``.
    tables : sequence of str
        CSV of the transients in all bands, one file per pair.
    truth : str or None
        CSV with the simulated transients of the demo.

    Returns
    -------
    list of dict
    """
    true = pd.read_csv(truth) if truth else pd.DataFrame({"kind": []})
    true = true[true["kind"] == "transient"]
    share = max(LEAST_STAMPS, min(MOST_STAMPS, MOST_CHANGES // max(len(differences), 1)))
    return [
        show_pair(
            Path(table).parent.name,
            [path for path in differences if Path(path).parents[1] == Path(table).parent],
            read_transients(table),
            true,
            drawn=number < MOST_DRAWN,
            stamps=share,
        )
        for number, table in enumerate(tables)
    ]


def show_pair(name, differences, transients, true, drawn=True, stamps=MOST_STAMPS):
    """Return figures and facts of one pair.

    Parameters
    ----------
    name : str
        Name of the pair.
    differences : list of str
        FITS file of the difference in each band.
    transients : DataFrame
        Detected transients in all bands.
    true : DataFrame
        Simulated transients; may be empty.
    drawn : bool
        Whether the pair has figures.
    stamps : int
        Maximum number of transients with cut-outs per band.

    Returns
    -------
    dict
    """
    bands = {}
    for path in differences:
        band = Path(path).parent.name
        rows = transients[transients["band"] == band].reset_index(drop=True)
        first = not any(results.triplets for results in bands.values())
        bands[band] = show_band(path, band, rows, true, drawn and first, stamps)
    return {
        "name": name,
        "warnings": [f"{band}: {text}" for band, one in bands.items() for text in one.warnings],
        "bands": [{"name": band, "facts": one.facts} for band, one in bands.items()],
        "scores": show_scores(bands) if drawn else None,
        "triplets": next((one.triplets for one in bands.values() if one.triplets), None),
        "completeness": show_completeness(bands) if drawn else None,
        "n": len(transients),
        "identified": "known_as" in transients,
        "stamps": [stamp for one in bands.values() for stamp in one.stamps],
        "rows": most_likely(transients).head(LISTED).to_dict("records"),
    }


def show_band(path, band, rows, true, with_triplets, stamps=MOST_STAMPS):
    """Return the contents of the report on one band of a pair.

    Parameters
    ----------
    path : str
        FITS file of the difference.
    band : str
        Name of the band.
    rows : DataFrame
        Transients that were detected in the band.
    true : DataFrame
        Simulated transients; may be empty.
    with_triplets : bool
        Whether to draw the most significant transients.
    stamps : int
        Maximum number of transients with cut-outs.

    Returns
    -------
    BandResults
    """
    with fits.open(path, memmap=False) as hdus:
        header, mask = hdus["D"].header, hdus["MASK"].data
        clean = (mask == 0) & np.isfinite(hdus["SCORR"].data)
        common = np.sum((mask & bit_value("NO_DATA")) == 0)
        facts = band_facts(header, clean.sum() / max(common, 1))
        facts["transients"] = f"{len(rows)}, {np.sum(rows['flags'] == 0)} without a flag"
        results = BandResults(
            facts,
            hdus["SCORR"].data[clean],
            warnings=tuple(str(text) for text in header["WARN*"].values()),
            stamps=show_stamps(hdus, most_likely(rows), stamps),
        )
        best = rows[rows["flags"] == 0].head(MOST)
        if with_triplets and len(best):
            results = results._replace(triplets=show_triplets(hdus, best))
        if len(true):
            x, y = frame_wcs(header).all_world2pix(true["ra"], true["dec"], 0)
            recovered = recovery(rows, true[f"flux_{band}"], x, y, hdus["ALPHA_ERR"].data)
            if recovered is not None:
                facts |= recovered.facts
                magnitudes = true[band].to_numpy()[recovered.inside]
                results = results._replace(magnitudes=magnitudes, hits=recovered.hit)
    return results


def show_scores(bands):
    """Return the figure of the scores of a pair.

    Parameters
    ----------
    bands : dict of str to BandResults
        Results by band.

    Returns
    -------
    str
        A ``data:`` URI.
    """
    return data_uri(score_figure({band: one.scores for band, one in bands.items()}))


def show_completeness(bands):
    """Return the figure of the share of simulated transients that were found.

    Parameters
    ----------
    bands : dict of str to BandResults
        Results by band.

    Returns
    -------
    str or None
        A ``data:`` URI; None if the image contains no simulated transient.
    """
    simulated = {band: one for band, one in bands.items() if one.magnitudes is not None}
    if not simulated:
        return None
    figure = completeness_figure(
        magnitudes={band: one.magnitudes for band, one in simulated.items()},
        found={band: one.hits for band, one in simulated.items()},
    )
    return data_uri(figure)


def show_triplets(hdus, best):
    """Return the figure of some transients.

    Parameters
    ----------
    hdus : HDUList
        The difference, with the HDUs NEW, REF and D.
    best : DataFrame
        The transients.

    Returns
    -------
    str
        A ``data:`` URI.
    """
    figure = triplet_figure(
        new=hdus["NEW"].data,
        reference=hdus["REF"].data,
        difference=hdus["D"].data,
        positions=list(zip(best["x"], best["y"], strict=True)),
        titles=[row_title(row) for row in best.itertuples()],
    )
    return data_uri(figure)


def row_title(row):
    """Return the title of a transient: band, magnitude if known, and score.

    Parameters
    ----------
    row : namedtuple
        Row of the table of transients.

    Returns
    -------
    str
    """
    magnitude = f"{row.mag:.1f} mag, " if np.isfinite(row.mag) else ""
    return f"{row.band} {magnitude}{row.scorr:+.0f}σ"
