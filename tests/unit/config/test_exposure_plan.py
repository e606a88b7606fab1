"""The plan of pairs and stacks: files, coadds of the run itself, what is left out."""

import pytest
from redpix.config.exposure_plan import ExposurePlan, named_coadd
from redpix.config.pairs_table import NO_BAND, Pair, StackRow, pair_of_files
from redpix.core.exceptions import InputError

RESULTS = "results/x"
COADD = f"{RESULTS}/coadds/deep/r.fits"


def plan(pairs=(), stacks=(), **options):
    return ExposurePlan(
        [Pair(*row) for row in pairs], [StackRow(*row) for row in stacks], RESULTS, **options
    )


def test_a_field_has_a_frame_an_error_map_and_masks_and_maybe_psfs():
    files = [
        "results/x/frames/9001-3-100-r.fits",
        "results/x/errors/9001-3-100-r.fits",
        "results/x/frames/9001-3-100.masks.fits",
    ]
    assert plan().files_of("9001-3-100", "r") == files
    with_psfs = plan(survey_psf=True).files_of("9001-3-100", "r")
    assert with_psfs == [*files, "results/x/frames/9001-3-100.psField.fit"]


def test_a_path_is_one_file_whatever_hdu_it_names():
    assert plan().files_of("data//new.fits[SCI]", "r") == ["data/new.fits"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (COADD, ("deep", "r")),
        ("./results/x/coadds/deep/r.fits", ("deep", "r")),
        ("results/y/coadds/deep/r.fits", None),
        ("results/x/coadds/r.fits", None),
        ("results/x/coadds/deep/r.txt", None),
        ("r.fits", None),
    ],
)
def test_coadds_are_known_by_their_path(path, expected):
    assert named_coadd(path, RESULTS) == expected


def test_several_references_are_a_stack_and_the_pair_has_its_coadd():
    made = plan([("p", "9001-3-100", "9002-3-100, 9003-3-100", "r")])
    assert made.stacks == {("p.reference", "r"): ["9002-3-100", "9003-3-100"]}
    assert made.files_of_pair("p", "r")["reference"] == [f"{RESULTS}/coadds/p.reference/r.fits"]
    assert list(made.files_of_stack("p.reference", "r")) == ["image_1", "image_2"]
    assert made.fields == ["9001-3-100", "9002-3-100", "9003-3-100"]


def test_what_is_made_from_a_field_that_was_not_delivered_is_left_out():
    """Also through a coadd of a coadd."""
    made = plan(
        [("p", "9001-3-100", f"{RESULTS}/coadds/deeper/r.fits", "r"), ("q", "1-1-1", "2-1-1", "r")],
        [
            ("deep", "9002-3-100", "r"),
            ("deep", "9003-3-100", "r"),
            ("deeper", COADD, "r"),
            ("deeper", "9004-3-100", "r"),
        ],
    )
    missing = {"9003-3-100": "not in the archive"}
    reason = "field 9003-3-100: not in the archive"
    assert made.left_out(missing) == [
        ("pair p, r", reason),
        ("stack deep, r", reason),
        ("stack deeper, r", reason),
    ]
    assert [row.pair for row in made.delivered_pairs(missing)] == ["q"]
    assert made.delivered_stacks(missing) == {}
    assert len(made.delivered_stacks({})) == 2
    assert dict(made.composition())["stack deeper, r"] == ["9002-3-100", "9003-3-100", "9004-3-100"]


@pytest.mark.parametrize(
    ("pairs", "stacks", "words"),
    [
        ([], [("deep", COADD, "r"), ("deep", "1-1-1", "r")], "stacks: .*is made from itself"),
        (
            [],
            [
                ("a", f"{RESULTS}/coadds/b/r.fits", "r"),
                ("a", "1-1-1", "r"),
                ("b", f"{RESULTS}/coadds/a/r.fits", "r"),
                ("b", "1-1-1", "r"),
            ],
            "is made from itself",
        ),
        ([("p", "1-1-1", COADD, "r")], [], "pairs: .*no stack of this run has this coadd"),
        (
            [("p", "1-1-1", "2-1-1,3-1-1", "r")],
            [("p.reference", "4-1-1", "r")],
            "stacks: p.reference: the name of a pair's reference",
        ),
    ],
)
def test_coadds_that_cannot_be_made_are_refused(pairs, stacks, words):
    with pytest.raises(InputError, match=words):
        plan(pairs, stacks)


def test_unknown_pairs_and_stacks_are_refused():
    with pytest.raises(InputError, match="pairs: no pair p in band r"):
        plan().files_of_pair("p", "r")
    with pytest.raises(InputError, match="stacks: no stack s in band r"):
        plan().files_of_stack("s", "r")


def test_two_files_are_a_pair(tmp_path):
    for name in ("new.fits", "old.fits", "older.fits"):
        (tmp_path / name).touch()
    science, reference = f"{tmp_path}/new.fits[1]", f"{tmp_path}/old.fits,{tmp_path}/older.fits"
    pair = pair_of_files(science, reference)
    assert (pair.science, pair.reference, pair.band) == (science, reference, NO_BAND)
    with pytest.raises(InputError, match="reference: gone.fits: the file does not exist"):
        pair_of_files(science, "gone.fits")
