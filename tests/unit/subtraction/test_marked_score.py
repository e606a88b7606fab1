"""Marks of a person: read, matched by place, and learned from."""

import logging
from types import SimpleNamespace

import numpy as np
import pytest
from astropy.wcs import WCS
from redpix.core.exceptions import InputError
from redpix.subtraction import marked_score
from redpix.subtraction.real_score import CONSTANT, WEIGHTS, Features, probability

HEADER = "pair,band,id,ra,dec,x,y,mark,note,features\n"
#: light at large scale, and nothing else
BROAD = np.array([0, 0, 0, 1.0, 0, 0, 0, 0])


def write(folder, *rows, header=HEADER):
    path = folder / "marks.csv"
    path.write_text(header + "".join(f"{row}\n" for row in rows))
    return str(path)


def found(features, x=(10.0, 40.0, 70.0)):
    """Transients in a row with some features."""
    features = np.asarray(features, float)
    return SimpleNamespace(x=np.array(x), y=np.full(len(x), 20.0), features=features)


def score_of(features, marks):
    """Score of one transient after marks of (features, real)."""
    weights, constant = marked_score.learned(
        np.array([one for one, _ in marks]), np.array([real for _, real in marks])
    )
    return probability(Features(*np.atleast_2d(features).T), weights, constant)[0]


def test_without_marks_the_score_is_that_of_injected_sources():
    weights, constant = marked_score.learned(np.empty((0, 8)), np.empty(0, bool))
    assert tuple(weights) == WEIGHTS
    assert constant == CONSTANT


@pytest.mark.parametrize("real", [True, False])
def test_marks_move_the_score_of_their_kind_in_their_direction(real):
    before = probability(Features(*BROAD[:, None]))[0]
    few, many = (score_of(BROAD, [(BROAD, real)] * n) for n in (2, 40))
    sign = 1 if real else -1
    assert sign * (few - before) > 0
    assert sign * (many - few) > 0
    # what the marks do not tell of changes less
    ideal = [probability(Features(*np.zeros((8, 1))))[0], score_of(np.zeros(8), [(BROAD, real)])]
    assert abs(ideal[1] - ideal[0]) < abs(few - before) + 0.1


def test_the_posterior_is_at_its_highest():
    rng = np.random.default_rng(3)
    features, real = rng.uniform(0, 1, (30, 8)), rng.uniform(size=30) < 0.5
    weights, constant = marked_score.learned(features, real)
    start = np.append(WEIGHTS, CONSTANT)
    share = np.where(real, 15 / real.sum(), 15 / (~real).sum())

    def posterior(parameters):
        odds = parameters[-1] + features @ parameters[:-1]
        likelihood = np.sum(share * np.where(real, -np.logaddexp(0, -odds), -np.logaddexp(0, odds)))
        return likelihood - 0.5 * np.sum(((parameters - start) / ([0.5] * 8 + [1.0])) ** 2)

    best = np.append(weights, constant)
    assert (weights <= 0).all()
    for step in 0.02 * np.eye(9):
        for other in (best + step, best - step):
            if (other[:-1] <= 0).all():
                assert posterior(other) < posterior(best) + 1e-6


def test_a_mark_counts_with_the_transient_at_its_place(tmp_path, caplog):
    path = write(tmp_path, '"p","r","1","","","40.4","20","bogus","",""')
    marks = marked_score.read_marks(path)
    transients = found([np.zeros(8), BROAD, np.zeros(8)])
    with caplog.at_level(logging.INFO, "redpix"):
        learned = marked_score.score_from_marks(transients, marks, "p", "r", None, 3.0)
    assert (learned.used, learned.real) == (1, 0)
    assert learned.score[1] == pytest.approx(score_of(BROAD, [(BROAD, False)]))
    assert "marks used: 1, of them real: 0" in caplog.text


def test_a_mark_that_matches_nothing_is_told(tmp_path, caplog):
    rows = ["p,r,1,,,55,20,real,,", f"p,r,2,,,25,20,real,,{'0 ' * 7}0.5", "other,g,3,,,1,1,real,,"]
    marks = marked_score.read_marks(write(tmp_path, *rows))
    with caplog.at_level(logging.INFO, "redpix"):
        found_ = marked_score.score_from_marks(found(np.zeros((3, 8))), marks, "p", "r", None, 3.0)
    assert found_.used == 1
    words = caplog.text
    assert (
        "mark of p, r at x 55.0, y 20.0: no transient within 1.5 pixels; the mark is left" in words
    )
    assert "x 25.0, y 20.0: no transient within 1.5 pixels; the features of the file count" in words
    assert "marks of other pairs and bands without features: 1" in words


def test_marks_of_other_pairs_count_with_their_features(tmp_path):
    text = marked_score.features_text(BROAD[None])[0]
    marks = marked_score.read_marks(write(tmp_path, f"other,g,3,,,1,1,bogus,,{text}"))
    one = marked_score.score_from_marks(found([BROAD] * 3), marks, "p", "r", None, 3.0)
    assert one.used == 1
    assert one.score[0] < probability(Features(*BROAD[:, None]))[0]


def test_marks_that_serve_nothing_are_told_and_change_nothing(tmp_path, caplog):
    marks = marked_score.read_marks(write(tmp_path, "other,r,1,,,10,20,real,,"))
    transients = found([BROAD], x=[10.0])
    score = marked_score.score_from_marks(transients, marks, "p", "r", None, 3.0)
    assert (score.used, score.real) == (0, 0)
    assert score.score == probability(Features(*BROAD[:, None]))
    assert "0 of 1 marks serve p, r: the score is that without marks" in caplog.text


def test_places_on_the_sky_are_found_by_the_wcs(tmp_path):
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval = ["RA---TAN", "DEC--TAN"], [180.0, 45.0]
    wcs.wcs.crpix, wcs.wcs.cdelt = [50, 50], [-1e-4, 1e-4]
    ra, dec = wcs.all_pix2world(70.0, 20.0, 0)
    marks = marked_score.read_marks(write(tmp_path, f"p,,1,{ra},{dec},0,0,real,,"))
    features = [np.zeros(8), np.zeros(8), BROAD]
    learned = marked_score.score_from_marks(found(features), marks, "p", "r", wcs, 3.0)
    assert learned.score[2] == pytest.approx(score_of(BROAD, [(BROAD, True)]))


def test_rows_with_a_note_alone_are_no_marks(tmp_path):
    marks = marked_score.read_marks(write(tmp_path, "p,r,1,,,1,2,,a note,", "p,r,1,,,1,2,Real,,"))
    assert list(marks.real) == [True]


@pytest.mark.parametrize(
    ("header", "row", "words"),
    [
        ("pair,verdict,x,y\n", "p,real,1,2", "mark"),
        ("pair,mark\n", "p,real", "the place of the marks is missing; allowed: ra and dec"),
        ("pair,mark,x,y\n", "p,maybe,1,2", "line 2: mark: maybe.*allowed: real, bogus or empty"),
        ("pair,mark,x,y\n", "p,real,left,2", "x.*left"),
    ],
)
def test_a_wrong_table_is_refused_in_one_line(tmp_path, header, row, words):
    path = write(tmp_path, row, header=header)
    with pytest.raises(InputError, match=words) as error:
        marked_score.read_marks(path)
    assert str(error.value).startswith(path)
    assert "\n" not in str(error.value)
