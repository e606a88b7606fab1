"""Light curves, zero points and the table of images."""

import math
from pathlib import Path

import numpy as np
import pytest
import yaml
from redpix.config import images_table
from redpix.core.exceptions import InputError
from redpix.photometry.light_curves import (
    put_on_one_scale,
    scatter,
    star_transform,
)
from redpix.photometry.scintillation import scintillation
from redpix.photometry.zero_point import magnitudes, match, zero_point

SCHEMA = yaml.safe_load(
    (Path(__file__).parents[3] / "workflow/schemas/images.schema.yaml").read_text()
)


def test_clouds_are_taken_out_and_variables_are_left_in():
    rng = np.random.default_rng(2)
    mean = rng.uniform(1e4, 1e5, 40)
    clear = np.array([1.0, 0.8, 0.9, 1.1, 0.7])
    flux = clear[:, None] * mean
    flux[:, 7] *= [1, 1.3, 0.7, 1.2, 0.8]
    error = np.sqrt(flux)
    flux = flux + rng.normal(0, 1, flux.shape) * error
    flux[2, 11] = np.nan
    made = put_on_one_scale(flux, error, np.ones(40, bool), *rng.uniform(0, 500, (2, 5, 40)))
    assert np.all(made.response == 1)
    assert made.scale == pytest.approx(clear / clear.mean(), abs=0.003)
    number, measured, expected = scatter(made)
    assert number.tolist() == [5] * 11 + [4] + [5] * 28
    steady = np.arange(40) != 7
    assert np.mean(measured[steady] ** 2 / expected[steady] ** 2) == pytest.approx(0.85, abs=0.3)
    assert measured[7] > 0.2
    loop = [made.relative[i, 3] for i in range(5)]
    assert measured[3] == pytest.approx(np.std(loop, ddof=1))
    assert made.error[1, 3] == pytest.approx(error[1, 3] / (made.scale[1] * made.mean[3]))


def test_what_pixels_make_of_light_is_taken_out_where_there_is_such_a_thing():
    rng = np.random.default_rng(3)
    mean, variable = rng.uniform(3e4, 3e5, 300), 17
    x, y = rng.uniform(0, 500, (2, 300))
    drift = rng.uniform(-5, 5, (2, 6, 1))
    x, y = x + drift[0], y + drift[1]
    strength = np.array([0.03, -0.02, 0.01, 0.0, 0.02, -0.03])[:, None]
    wave = np.cos(2 * np.pi * x) + 0.5 * np.sin(2 * np.pi * (x + y)) - 0.4 * np.cos(4 * np.pi * y)
    truth = mean * np.linspace(0.9, 1.1, 6)[:, None]
    error = np.sqrt(truth)
    noise = rng.normal(0, 1, truth.shape) * error
    all_of_them = np.ones(300, bool)
    plain = put_on_one_scale(truth + noise, error, all_of_them, x, y)
    assert np.all(plain.response == 1)
    flux = truth * (1 + strength * wave) + noise
    flux[:, variable] *= [1, 1.3, 0.7, 1.2, 0.8, 1]
    made = put_on_one_scale(flux, error, all_of_them, x, y)
    # a factor common to all exposures of a star is in its mean
    ratio = made.response / (1 + strength * wave)
    assert ratio / ratio.mean(axis=0) == pytest.approx(np.ones(ratio.shape), abs=0.004)
    assert made.scale == pytest.approx(np.linspace(0.9, 1.1, 6), abs=0.002)
    _, measured, expected = scatter(made)
    steady = np.arange(300) != variable
    # 15 terms per exposure are fitted to 240 other stars
    assert np.mean((measured / expected)[steady] ** 2) == pytest.approx(1, abs=0.15)
    assert measured[variable] > 0.2
    # with too few stars, no response is fitted
    few = slice(20, 94)
    made = put_on_one_scale(*(part[..., few] for part in (flux, error, all_of_them, x, y)))
    assert np.all(made.response == 1)
    assert np.median(scatter(made)[1]) > 0.01


@pytest.mark.parametrize("power", [1, 2])
def test_uneven_transmission_is_taken_out(power):
    """Thin clouds make slopes and squares of the position, which differ between exposures."""
    rng = np.random.default_rng([6, power])
    mean, variable = rng.uniform(3e4, 3e5, 60), 17
    x, y = np.broadcast_to(rng.uniform(0, 500, (2, 1, 60)), (2, 6, 60))
    strength = 0.04 * np.array([1, -1, 0, 0.5, -0.5, 0])[:, None]
    cloud = 1 + strength * ((x / 250 - 1) ** power + 0.5 * (y / 250 - 1) ** power)
    error = np.sqrt(mean * cloud)
    flux = mean * cloud + rng.normal(0, 1, cloud.shape) * error
    flux[:, variable] *= [1, 1.3, 0.7, 1.2, 0.8, 1]
    made = put_on_one_scale(flux, error, np.ones(60, bool), x, y)
    _, measured, expected = scatter(made)
    steady = np.arange(60) != variable
    # the response of a held-out star has the noise of 3 or 6 numbers of 48 stars
    assert np.mean((measured / expected)[steady] ** 2) == pytest.approx(1.1, abs=0.25)
    assert measured[variable] > 0.2


def test_two_exposures_tell_no_scatter():
    made = put_on_one_scale(
        *(np.full((2, 3), 9e4), np.full((2, 3), 300.0), np.ones(3, bool), *np.zeros((2, 2, 3)))
    )
    assert np.isnan(scatter(made)[1]).all()


def test_scintillation_is_osborns_formula():
    # sigma^2 = 1e-5 * 1.5^2 * 0.5^(-4/3) / 20 * 1.2^3 * exp(-2 * 2000 / 8000), by hand
    assert scintillation(0.5, 20, 1.2, 2000) ** 2 == pytest.approx(
        2.25e-5 * 2.519842 / 20 * 1.728 * 0.60653, rel=1e-5
    )


@pytest.mark.parametrize("stars", [0, 4])
def test_no_star_in_all_exposures_makes_no_scale(stars):
    flux = np.full((2, stars), 1e4)
    flux[0, : stars // 2], flux[1, stars // 2 :] = np.nan, np.nan
    with pytest.raises(InputError, match="no star is measured in all exposures"):
        put_on_one_scale(flux, flux / 100, np.ones(stars, bool), *np.zeros((2, 2, stars)))


def test_exposures_are_matched_by_their_stars():
    rng = np.random.default_rng(4)
    reference = rng.uniform(0, 500, (80, 2))
    turn = np.deg2rad(3)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    other = reference @ matrix.T + [30, -12] + rng.normal(0, 0.02, (80, 2))
    transform = star_transform(other, reference, (500, 500))
    assert np.transpose(transform(*reference.T)) == pytest.approx(other, abs=0.1)
    with pytest.raises(InputError, match="no map brings"):
        star_transform(rng.uniform(0, 500, (80, 2)), reference, (500, 500))


def test_few_stars_are_matched_by_a_shift_or_by_their_wcs():
    rng = np.random.default_rng(8)
    places = rng.uniform(0, 1000, (5, 2))
    for number in (2, 3, 5):
        moved = places[:number][::-1] + [31.0, -7.0]
        transform = star_transform(moved, places[:number], (1000, 1000))
        assert np.transpose(transform(*places[:number].T))[::-1] == pytest.approx(moved)
    # turned and mirrored, which a shift cannot match
    matrix = np.array([[0.0, 1.0, 12.0], [1.0, 0.0, 5.0], [0.0, 0.0, 1.0]])
    seen = places @ matrix[:2, :2].T + matrix[:2, 2] + 0.3
    transform = star_transform(seen, places, (1000, 1000), matrix)
    assert np.transpose(transform(*places.T)) == pytest.approx(seen, abs=0.5)
    one = star_transform(seen[:1], places[:1], (1000, 1000), matrix)
    assert np.transpose(one(*places[:1].T)) == pytest.approx(seen[:1], abs=0.5)
    for wrong in ((seen, places, (1000, 1000)), (seen[:1], places[:1], (1000, 1000))):
        with pytest.raises(InputError, match="no map brings more"):
            star_transform(*wrong)


def test_stars_know_better_than_a_wrong_wcs():
    rng = np.random.default_rng(9)
    places = rng.uniform(0, 500, (80, 2))
    turn = np.deg2rad(0.5)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    seen = places @ matrix.T + [3.0, -2.0]
    for wcs in (None, np.eye(3)):
        transform = star_transform(seen, places, (500, 500), wcs)
        assert np.transpose(transform(*places.T)) == pytest.approx(seen, abs=0.01)
    for _ in range(20):
        a, b = rng.uniform(0, 500, (2, 40, 2))
        with pytest.raises(InputError, match="no map brings more"):
            star_transform(a, b, (500, 500), np.eye(3))


def test_zero_point_and_magnitudes():
    rng = np.random.default_rng(5)
    flux = 10 ** rng.uniform(3, 5, 50)
    error = np.sqrt(flux)
    known = 25.3 - 2.5 * np.log10(flux) + rng.normal(0, 0.005, 50)
    known[3], known[8], known[9] = np.nan, known[8] + 1, known[9] - 2
    flags = np.zeros(50, int)
    flags[20], known[20] = 1, 3
    found = zero_point(flux, error, flags, known)
    assert found.value == pytest.approx(25.3, abs=0.005)
    assert 40 <= found.stars <= 47
    assert 0 < found.error < 0.004
    few = zero_point(flux[:2], error[:2], flags[:2], known[:2])
    assert math.isnan(few.value)
    assert few.stars == 2
    value, uncertain = magnitudes(np.array([100.0, -1.0]), np.array([5.0, 5.0]), 25.0)
    assert value[0] == pytest.approx(20.0)
    assert uncertain[0] == pytest.approx(2.5 / math.log(10) * 0.05, rel=1e-4)
    assert np.isnan(value[1])


@pytest.mark.parametrize("number", [3, 5, 8])
def test_a_zero_point_of_few_stars_has_its_error(number):
    rng = np.random.default_rng([number, 1])
    found = []
    for _ in range(800):
        flux = 10 ** rng.uniform(3.5, 4.5, number)
        known = 25 - 2.5 * np.log10(flux * (1 + rng.normal(0, 0.02, number)))
        found.append(zero_point(flux, 0.02 * flux, np.zeros(number, int), known))
    values, errors, stars = np.transpose(found)
    refused = stars < 3
    assert np.array_equal(refused, np.isnan(values))
    assert refused.mean() < 0.03
    # the standard deviation of 800 values is certain to 3 %; errors are at least those of the stars
    assert np.std(((values - 25) / errors)[~refused]) == pytest.approx(0.95, abs=0.08)


def test_the_brightest_star_nearby_is_the_known_one():
    x, y, flux = np.array([10, 11, 50.0]), np.array([10, 10, 50.0]), np.array([5, 9, 1.0])
    found = match(x, y, flux, np.array([10.2, 30, np.nan]), np.array([10, 30, 5.0]), 2.0)
    assert found.tolist() == [1, -1, -1]


def test_the_table_of_images():
    lines = [
        "# my night\n",
        "path\timage\tdark\tgain\tfield\n",
        "a.fits\tone\td.fits\t1.7\tm67\n",
        "4192-4-300-r\ttwo\n",
    ]
    rows = images_table.read_images(
        "".join(lines).encode(), SCHEMA, "ugriz", lambda path: True, "i.tsv"
    )
    assert rows[0] == images_table.Image("one", "a.fits", dark="d.fits", gain=1.7, field="m67")
    assert rows[1].frame == ("4192-4-300", "r")
    assert list(images_table.fields(rows)) == ["m67", "all"]
    assert rows[0].within("results/x").dark == "results/x/d.fits"


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "i.tsv: empty; allowed: a header line and rows"),
        (["image\tpaths"], "columns image, paths; allowed: image, path"),
        (["image\tpath"], "lists no image"),
        (["image\tpath", "a\tb\tc"], "line 2: 3 cells; allowed: 2"),
        (["image\tpath", "../a\tb"], r"line 2: image: '../a'; allowed: name of the files"),
        (["image\tpath", "lightcurves\tb"], "line 2: image: 'lightcurves'; allowed"),
        (["image\tpath", "a\t"], "line 2: path is empty; allowed: a FITS image"),
        (["image\tpath", "a\tno.fits"], "line 2: path: no.fits: the file does not exist"),
        (["image\tpath", "a\tb", "a\tb"], "line 3: image a is there twice"),
        (["image\tpath\tgain", "a\tb\t0"], "line 2: gain: 0.0; allowed: electrons a count"),
        (["image\tpath\tgain", "a\tb\tinf"], "line 2: gain: 'inf'; allowed: electrons a count"),
        (["image\tpath\texposure", "a\tb\tnan"], "line 2: exposure: 'nan'; allowed"),
        (["image\tpath", "a\t1-1-1-u"], "line 2: 1-1-1-u: allowed: a band of this run's, r"),
        (["image\tpath\tgain", "a\tb\tx"], "line 2: gain: 'x'; allowed: electrons a count"),
        (["image\tpath\tdark", "a\t1-1-1-r\tb"], "line 2: 1-1-1-r is a frame of the survey"),
        (["image\tpath\tcatalogue", "a\tb\tc"], "line 2: catalogue without magnitude"),
    ],
)
def test_a_wrong_table_is_refused_with_a_line(lines, words):
    with pytest.raises(InputError) as error:
        images_table.read_images(
            "\n".join(lines).encode(), SCHEMA, "r", lambda path: path != "no.fits", "i.tsv"
        )
    assert words in str(error.value)
