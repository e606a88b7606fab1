"""Series: matching across epochs, forced photometry, tracklets, patterns of files."""

import numpy as np
import pytest
import yaml
from astropy import units
from astropy.io import fits
from astropy.table import Table
from conftest import ROOT
from redpix.config.pairs_table import read_pairs
from redpix.core.exceptions import InputError
from redpix.subtraction.reference_map import ReferenceMap, map_cards
from redpix.subtraction.series import SeriesEpoch, all_detections, groups_of, light_curve
from redpix.subtraction.series_rows import COLUMNS, SkyOfReference, steps_on_sky, write_rows
from redpix.subtraction.tracklets import link

SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/pairs.schema.yaml").read_text())
ERROR = 10.0


def sky(hour):
    """Return x, y, flux of the true sources at a time: a variable star and a moving object."""
    return [(100.0, 80.0, 600 + 300 * hour), (50 + 12 * hour, 60 - 7 * hour, 500.0)]


def epoch(number, hour, hidden=(), false=(), rng=None):
    """Return an epoch that detects all sources except those hidden, and some false ones."""
    rng = rng or np.random.default_rng(number)
    true = [source for n, source in enumerate(sky(hour)) if n not in hidden]
    x, y, flux = np.transpose([*true, *false])

    def forced(u, v):
        flux = sum(f * np.exp(-((u - x) ** 2 + (v - y) ** 2) / 4) for x, y, f in sky(hour))
        return flux + rng.normal(0, ERROR), ERROR, 0

    size = len(x)
    return SeriesEpoch(
        name=f"e{number}",
        mjd=61000 + hour / 24,
        x=x + rng.normal(0, 0.05, size),
        y=y + rng.normal(0, 0.05, size),
        error=np.full(size, 0.05),
        scorr=flux / ERROR,
        flux=flux + rng.normal(0, ERROR, size),
        flux_error=np.full(size, ERROR),
        flags=np.zeros(size, int),
        fwhm=3.0,
        area=200.0**2,
        forced=forced,
    )


def alone(epochs):
    detections = all_detections(epochs)
    groups = groups_of(detections, 2.0)
    return detections.take(np.bincount(groups)[groups] == 1)


def test_a_variable_star_is_one_object_with_its_light_curve():
    epochs = [epoch(n, hour, hidden=[0] if n == 1 else []) for n, hour in enumerate((0, 1, 2.5))]
    detections = all_detections(epochs)
    groups = groups_of(detections, 2.0)
    (star,) = np.flatnonzero(np.bincount(groups) == 2)
    curve = light_curve(epochs, detections.take(groups == star))
    assert np.hypot(curve.x - 100, curve.y - 80) < 0.15
    assert curve.detected.tolist() == [True, False, True]
    np.testing.assert_allclose(curve.flux, [600, 900, 1350], atol=4 * ERROR)
    assert curve.chi2() > 100


def test_a_moving_object_is_linked_with_its_speed():
    rng = np.random.default_rng(3)
    epochs = [
        epoch(n, hour, false=[(*rng.uniform(0, 200, 2), 450.0) for _ in range(4)])
        for n, hour in enumerate((0, 0.7, 1.9, 3.0))
    ]
    (tracklet,) = link(alone(epochs), epochs, fwhm=3.0)
    assert len(tracklet.rows) == 4
    np.testing.assert_allclose(tracklet.speed, [12, -7], atol=0.1)
    np.testing.assert_allclose(tracklet.at([2.0])[:, 0], [74, 46], atol=0.2)


def test_two_detections_are_linked_if_the_third_image_shows_the_object():
    epochs = [epoch(n, hour, hidden=[1] if n == 2 else []) for n, hour in enumerate((0, 1, 2))]
    (tracklet,) = link(alone(epochs), epochs, fwhm=3.0)
    assert len(tracklet.rows) == 2
    # two false detections alike in flux, where the third image is empty
    false = [[(20.0, 150.0, 450.0)], [(60.0, 150.0, 450.0)], [(180.0, 20.0, 450.0)]]
    hidden = [epoch(n, n, hidden=[1], false=one) for n, one in enumerate(false)]
    assert link(alone(hidden), hidden, fwhm=3.0) == []


def test_two_epochs_link_what_is_nearer_than_chance():
    def two(step):
        places = [(50.0, 50.0), (50.0 + step, 50.0)]
        return [epoch(n, n, hidden=[1], false=[(*xy, 450.0)]) for n, xy in enumerate(places)]

    for step, number in ((12.0, 1), (110.0, 0)):
        epochs = two(step)
        assert len(link(alone(epochs), epochs, fwhm=3.0)) == number


def test_the_map_to_the_reference_is_kept_in_cards():
    def transform(x, y):
        return 1.02 * x - 0.1 * y + 3 + 2e-5 * x * y, 0.1 * x + 0.99 * y - 5 + 1e-5 * x**2

    header = fits.Header([("NAXIS1", 300), ("NAXIS2", 200), *map_cards(transform, (200, 300))])
    made = ReferenceMap(header)
    x, y = np.array([0.0, 120.3, 299.0]), np.array([0.0, 77.7, 199.0])
    np.testing.assert_allclose(made(x, y), transform(x, y), atol=1e-8)
    np.testing.assert_allclose(made.inverse(*transform(x, y)), [x, y], atol=1e-6)


def read(folder, science):
    text = f"pair\tscience\treference\tband\nnight\t{science}\t{folder}/a 1.fits\tr\n"
    return read_pairs(text.encode(), SCHEMA, "gr", lambda path: True, "p.tsv")


def test_a_pattern_of_files_is_a_series_without_its_reference(tmp_path):
    for name in ("a 1", "a 2", "a 3", "b"):
        (tmp_path / f"{name}.fits").touch()
    rows = read(tmp_path, f"{tmp_path}/a*.fits")
    assert [row.pair for row in rows] == ["night.a_2", "night.a_3"]
    assert {row.series for row in rows} == {"night"}
    assert rows[0].science == f"{tmp_path}/a 2.fits"


def test_a_pattern_that_matches_nothing_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"^p.tsv: line 2: science: '.*c\*.fits': no file matches"):
        read(tmp_path, f"{tmp_path}/c*.fits")


def test_steps_on_the_sky_cross_right_ascension_0():
    east, north = steps_on_sky(359.9999, 60.0, 0.0001, 60.0002)
    assert east == pytest.approx(0.0002 * 0.5 * 3600)
    assert north == pytest.approx(0.0002 * 3600)
    assert steps_on_sky(0.0001, 0.0, 359.9999, 0.0)[0] == pytest.approx(-0.72)


@pytest.mark.parametrize("name", COLUMNS)
def test_each_table_has_a_twin_with_units(tmp_path, name):
    columns = COLUMNS[name].split()
    texts = {"object": "T1", "kind": "moving", "pair": "e1", "pairs": "e1 e2", "same_as": ""}
    row = {column: texts.get(column, "1.5") for column in columns}
    write_rows(tmp_path / f"{name}.csv", [row], "3.631e-06 Jy")
    twin = Table.read(tmp_path / f"{name}.ecsv")
    assert twin.colnames == columns
    assert twin["object"][0] == "T1"
    assert twin["flux"].unit.to(units.ABmag) == pytest.approx(22.5, abs=1e-3)
    assert (twin["ra"].unit, twin["x"].unit) == (units.deg, units.pix)
    if "speed" in columns:
        assert twin["speed"].quantity[0].to_value("deg / d") == pytest.approx(0.01)
    assert all(twin[column].description for column in columns)
    assert all(twin[column].meta["ucd"] for column in columns)


def test_epochs_without_a_usable_wcs_are_named(tmp_path, caplog):
    shift = map_cards(lambda x, y: (x, y), (20, 30))
    wrong = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": "east", "CRVAL2": 2.0}
    paths = []
    for name, cards in (("without", {}), ("wrong", wrong)):
        header = fits.Header([*cards.items(), *shift])
        paths.append(str(tmp_path / f"{name}.fits"))
        hdu = fits.ImageHDU(np.zeros((20, 30)), header, name="D")
        fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(paths[-1])
    assert np.isnan(SkyOfReference(paths)(3.0, 4.0)).all()
    assert "wrong.fits: its WCS is not used" in caplog.text
    assert "no epoch has a usable WCS: ra and dec stay empty" in caplog.text
    assert "without.fits: its WCS" not in caplog.text
