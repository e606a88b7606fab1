"""The tables of pairs and stacks, and the names of pairs of files."""

import re
from pathlib import Path

import pytest
import yaml
from redpix.config.pairs_table import (
    Pair,
    StackRow,
    is_field,
    pair_name,
    read_pairs,
    read_stacks,
)
from redpix.core.exceptions import InputError
from redpix.io.image_path import split_images

SCHEMAS = Path(__file__).parents[3] / "workflow/schemas"
PAIRS = yaml.safe_load((SCHEMAS / "pairs.schema.yaml").read_text())
STACKS = yaml.safe_load((SCHEMAS / "stacks.schema.yaml").read_text())
HEADER = "pair\tscience\treference\tband\n"


def there(path):
    """The files that there are."""
    return path in ("x.fits", "my data/y 1.fits")


def pairs(*rows):
    return read_pairs("".join([HEADER, *rows]).encode(), PAIRS, "gr", there, "p.tsv")


def stacks(*rows):
    return read_stacks(
        "".join(["stack\timage\tband\n", *rows]).encode(), STACKS, "gr", there, "s.tsv"
    )


def test_pairs():
    rows = ["# epochs\n", "\n", "a\t1-2-3\t4-5-6\tg\n", "a\t1-2-3\t4-5-6\tr\n"]
    expected = [Pair("a", "1-2-3", "4-5-6", "g"), Pair("a", "1-2-3", "4-5-6", "r")]
    assert pairs(*rows) == expected


def test_pairs_of_files_and_of_several_references():
    (row,) = pairs("a\tx.fits\tmy data/y 1.fits\tclear\n")
    assert row.images == ["x.fits", "my data/y 1.fits"]
    (row,) = pairs("a\t1-2-3\t4-5-6, x.fits\tr\n")
    assert row.references == ["4-5-6", "x.fits"]
    # a path is one band's, so that bands of a pair have different ones
    rows = pairs("a\t1-2-3\tx.fits\tr\n", "a\t1-2-3\tmy data/y 1.fits\tg\n")
    assert len(rows) == 2


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("a\t1-2-3\tr\n", "line 2: 3 cells; allowed: 4"),
        ("../a\t1-2-3\t4-5-6\tr\n", "line 2: pair: '../a'; allowed: name of"),
        ("a\t1-9-3\t4-5-6\tr\n", "line 2: science: '1-9-3': the file does not exist; allowed: a"),
        ("a\t1-2-3\tz.fits\tr\n", "line 2: reference: 'z.fits': the file does not exist"),
        ("a\tx.fits,1-2-3\t4-5-6\tr\n", "line 2: science: 'x.fits,1-2-3'; allowed: a field"),
        ("a\t1-2-3\t,4-5-6\tr\n", "line 2: reference: ',4-5-6'; allowed: the same, or"),
        ("a\t1-2-3\t4-5-6\t../r\n", "line 2: band: '../r'; allowed: one of u"),
        ("a\t1-2-3\t4-5-6\tz\n", "line 2: band 'z'; allowed: one of this run's, g, r"),
        ("a\t1-2-3\t1-2-3\tr\n", "line 2: names an image twice"),
        ("a\t1-2-3\t4-5-6\tr\na\t1-2-3\t4-5-6\tr\n", "line 3: pair a has band r"),
        ("a\t1-2-3\t4-5-6\tr\na\t1-2-3\t4-5-7\tg\n", "line 3: pair a has other"),
    ],
)
def test_pairs_that_are_refused(row, words):
    with pytest.raises(InputError, match="^p.tsv: ") as caught:
        pairs(*row.splitlines(keepends=True))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("rows", "words"),
    [([], "empty; allowed: a header"), (["pair,science\n"], "columns pair,science; allowed")],
)
def test_tables_that_are_none(rows, words):
    with pytest.raises(InputError, match="^p.tsv: ") as caught:
        read_pairs("".join(rows).encode(), PAIRS, "gr", there, "p.tsv")
    assert words in str(caught.value)


def test_stacks():
    made = stacks("a\t1-2-3\tr\n", "b\tx.fits\tV\n", "a\t4-5-6\tr\n", "b\tmy data/y 1.fits\tV\n")
    assert [row.image for row in made] == ["1-2-3", "x.fits", "4-5-6", "my data/y 1.fits"]
    assert made[1] == StackRow("b", "x.fits", "V")


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (["a\t1-2-3\tr\n"], "stack a, r: one image; allowed: two or more"),
        (["a\t1-2-3\tr\n", "a\t1-2-3\tr\n"], "stack a, r: names an image twice"),
        (["a\t1-2-3\tz\n", "a\t1-2-4\tz\n"], "stack a, z: band 'z'; allowed: one of"),
        (["a\t1-2-3\tr\n", "a\tz.fits\tr\n"], "line 3: image: 'z.fits': the file does"),
    ],
)
def test_stacks_that_are_refused(rows, words):
    with pytest.raises(InputError, match="^s.tsv: ") as caught:
        stacks(*rows)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("science", "reference", "name"),
    [
        ("a.fits", "b.fits", "a_minus_b"),
        ("my data/new image.fit.gz", "../ref;rm -rf.fits", "new_image_minus_ref_rm_-rf"),
        ("-x.fits", "\u00e9.fits", "x_minus_x"),
        ("a.fits", "b.fits,c.fits,d.fits", "a_minus_b_and_2"),
        ("...", "x" * 300, "x_minus_" + 60 * "x"),
    ],
)
def test_names_of_pairs_of_files_are_safe(science, reference, name):
    assert pair_name(science, reference) == name
    assert re.fullmatch(PAIRS["properties"]["pair"]["pattern"], name)


def test_what_is_a_field():
    assert is_field("6377-4-399")
    assert not any(map(is_field, ("6377-7-399", "6377-4-399.fits", "./6377-4-399", "")))
    assert split_images("a, b,c") == ["a", "b", "c"]
