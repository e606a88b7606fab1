"""Galactic extinction: coefficients against published values, and its effect on redshifts."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from redpix.core.exceptions import InputError
from redpix.demo import population
from redpix.demo.population import BANDS
from redpix.photoz.attributes import Attributes
from redpix.photoz.learners.base import Training
from redpix.photoz.learners.knn import KNN
from redpix.photoz.metrics import score
from redpix.photoz.pdf import make_grid
from redpix.pixels.band_scales import BandScale
from redpix.pixels.dereddening import without_extinction
from redpix.pixels.extinction import COEFFICIENTS, coefficient, read_extinction
from redpix.sdss.magnitudes import asinh_magnitude
from redpix.simulation import seds


@pytest.mark.parametrize(
    ("band", "wavelength"),
    [("u", 3546), ("g", 4670), ("r", 6156), ("i", 7472), ("z", 8917), ("J", 12483), ("H", 16313)],
)
def test_the_law_agrees_with_the_coefficients_of_known_bands(band, wavelength):
    """Effective wavelengths are those of the filters; broad bands differ by some per cent."""
    assert coefficient(band, wavelength) == pytest.approx(COEFFICIENTS[band], rel=0.06)
    assert coefficient("HSC-X") is None
    with pytest.raises(InputError, match="the extinction law reaches from"):
        coefficient("W1", 34000)


def written(folder, **columns):
    path = folder / "objects.csv"
    pd.DataFrame({"id": [7, 5, 9], **columns}).to_csv(path, index=False)
    return path


def test_extinctions_of_skyserver_are_taken_as_they_are(tmp_path):
    path = written(tmp_path, extinction_g=[0.3, 0.1, 0.2], extinction_r=[0.2, 0.0, 0.1], ebv=9.0)
    found = read_extinction(path, ["g", "r"], {})
    assert found.values[5].tolist() == [0.1, 0.0]
    assert "extinction_g" in found.origin


def test_reddening_is_multiplied_by_the_coefficients(tmp_path):
    path = written(tmp_path, **{"E(B-V)": [0.1, 0.2, ""]})
    found = read_extinction(path, ["g", "HSC-Y"], {"HSC-Y": 9780.0})
    assert found.values[7] == pytest.approx([0.3303, 0.1 * coefficient("HSC-Y", 9780.0)])
    # unknown: the median of the others
    assert found.values[9] == pytest.approx(1.5 * found.values[7])
    with pytest.raises(InputError, match="band HSC-Y: the catalogue has E"):
        read_extinction(path, ["HSC-Y"], {})
    assert read_extinction(written(tmp_path, mag=1.0), ["g"], {}) is None
    with pytest.raises(InputError, match="column ebv: no value from 0 to 20"):
        read_extinction(written(tmp_path, ebv=-1.0), ["g"], {})


def pixel_rows(ids, fluxes):
    columns = {"object_id": np.asarray(ids)}
    for number, band in enumerate(BANDS):
        flux = fluxes[:, number].astype(np.float32)
        columns |= {f"flux_{band}": flux, f"error_{band}": np.float32(0.01) * np.abs(flux) + 1e-3}
        columns[f"mag_{band}"] = asinh_magnitude(flux, band).astype(np.float32)
    return pa.table(columns)


def test_dust_biases_redshifts_and_its_correction_does_not(tmp_path):
    """An uncorrected E(B-V) of 0.1 makes galaxies too red, and so too far."""
    rng = np.random.default_rng(1)
    objects = population.draw_galaxies(rng, 3000, seds.build_grid(BANDS))
    objects = objects[objects["flux_r"] > 10].reset_index(drop=True)
    objects["id"] = np.arange(len(objects))
    fluxes = objects[[f"flux_{band}" for band in BANDS]].to_numpy()
    magnitudes = 22.5 - 2.5 * np.log10(fluxes) + rng.normal(0, 0.02, fluxes.shape)
    dust = 0.1 * np.array([COEFFICIENTS[band] for band in BANDS])
    observed = 10 ** (-0.4 * (magnitudes + dust - 22.5))
    objects.assign(ebv=0.1)[["id", "ebv"]].to_csv(tmp_path / "objects.csv", index=False)
    scales = {band: BandScale("nanomaggy", None) for band in BANDS}
    table = pixel_rows(objects["id"], observed)
    corrected = without_extinction(
        table, read_extinction(tmp_path / "objects.csv", BANDS, {}), scales
    )
    expected = 10 ** (-0.4 * (magnitudes - 22.5))
    got = np.stack([corrected[f"flux_{band}"].to_numpy() for band in BANDS], axis=1)
    assert got == pytest.approx(expected, rel=1e-5)
    for band in BANDS:
        assert corrected[f"observed_{band}"].equals(table[f"flux_{band}"])
        ratio = corrected[f"error_{band}"].to_numpy() / table[f"error_{band}"].to_numpy()
        assert ratio == pytest.approx(10 ** (0.04 * COEFFICIENTS[band]), rel=1e-5)
        facts = corrected.schema.field(f"flux_{band}").metadata
        assert facts[b"extinction"] == b"corrected: ebv (E(B-V))"
    dusty, free = (scores_of(objects, magnitudes, one) for one in (table, corrected))
    assert dusty["bias"] > 0.012
    assert abs(free["bias"]) < 0.004  # three errors of the median
    # intervals that hold 68 % of the objects of a sky without dust
    assert free["coverage"] == pytest.approx(0.68, abs=0.06)
    assert dusty["coverage"] < 0.5


def scores_of(objects, magnitudes, table):
    """Return bias and coverage of a learner that has seen the sky without dust."""
    attributes = Attributes(("brightness", "colours"), BANDS)
    redshift = objects["redshift"].to_numpy()
    part = np.arange(len(redshift)) % 4
    known, calibrating, tested = part % 2 == 0, part == 1, part == 3
    clean = attributes.vectors(magnitudes)
    training = Training(
        clean[known], redshift[known], np.zeros(known.sum(), int), np.arange(known.sum())
    )
    grid = make_grid(0.0, 1.0, 0.005)
    learner = KNN.fit(training, grid, k=10, mode="mean")
    seen = attributes.vectors(np.stack([table[f"mag_{band}"].to_numpy() for band in BANDS], axis=1))
    before = learner.predict(clean[calibrating])
    low, high = np.quantile(score(*before[:2], redshift[calibrating], grid).pit, [0.16, 0.84])
    found = learner.predict(seen[tested])
    scores = score(*found[:2], redshift[tested], grid)
    inside = (scores.pit >= low) & (scores.pit <= high)
    return {"bias": np.median(scores.dz), "coverage": inside.mean()}
