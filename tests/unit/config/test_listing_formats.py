"""A listing is read alike from every format of table."""

from pathlib import Path

import pytest
import yaml
from redpix.config.images_table import read_images
from redpix.config.pairs_table import read_pairs, read_stacks
from redpix.config.photoz_tables import read_listing
from table_contents import FORMS, forms_of

SCHEMAS = Path(__file__).parents[3] / "workflow/schemas"

PAIRS = "pair\tscience\treference\tband\na\t1-2-3\t4-5-6\tg\nb\tmy x.fits\ty.fits, z.fits\tr\n"
STACKS = "stack\timage\tband\na\t1-2-3\tr\na\tx.fits\tr\n"
IMAGES = (
    "image\tpath\tdark\tgain\texposure\tfield\n"
    "one\ta.fits\td.fits\t1.7\t30\tm67\ntwo\t4192-4-300-r\t\t\t\t\n"
)


def exists(path):
    return True


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("key", "read", "text"),
    [
        ("pairs", read_pairs, PAIRS),
        ("stacks", read_stacks, STACKS),
        ("images", read_images, IMAGES),
    ],
)
def test_a_listing_of_images(tmp_path, key, read, text, form):
    schema = yaml.safe_load((SCHEMAS / f"{key}.schema.yaml").read_text())
    plain, other = tmp_path / "a.tsv", tmp_path / f"b.{form}"
    plain.write_text(text)
    other.write_bytes(forms_of(text, "\t")[form])
    expected = read(plain, schema, "gr", exists)
    assert len(expected) == 2
    assert read(other, schema, "gr", exists) == expected


@pytest.mark.parametrize("form", FORMS)
def test_a_listing_of_object_tables(tmp_path, form):
    train = tmp_path / "a.csv"
    train.write_text("id,u,g\n")
    text = f"name\ttrain\ttest\tmagnitudes\none\t{train}\t{train}\tu, g\ntwo\t{train}\t\t\n"
    plain, other = tmp_path / "a.tsv", tmp_path / f"b.{form}"
    plain.write_text(text)
    other.write_bytes(forms_of(text, "\t")[form])
    expected = read_listing(plain)
    assert expected["one"] == (str(train), str(train), ("u", "g"), {}, "")
    assert expected["two"] == (str(train), "", (), {}, "")
    assert read_listing(other) == expected
