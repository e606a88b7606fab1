"""The reference of products against the files of the demo: nothing is missing on either side."""

import csv
import json
import re
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.table import Table
from redpix.image.masks import BITS
from redpix.photometry.quality import FLAGS as STAR_FLAGS
from redpix.subtraction.transients import FLAGS as TRANSIENT_FLAGS

PAGE = Path(__file__).parents[2] / "docs/reference/products.md"
BANDS = "ugriz"

#: what stands for a word in angle brackets of a path
PLACEHOLDERS = {"<f>": r"\d+-\d-\d+", "<b>": f"[{BANDS}]", "<path>": ".+"}


class Product(NamedTuple):
    """A kind of file on the page.

    Attributes
    ----------
    path : str
        Path below results/<name>/ with words in angle brackets.
    optional : bool
        Whether the page says that not every run makes it.
    text : str
        Its section.
    names : dict of str to set of str
        Names in each table of the section, by the heading of the table's first column.
    conditional : set of str
        Those names whose row says that not every file has them.
    """

    path: str
    optional: bool
    text: str
    names: dict
    conditional: set

    def matches(self, path):
        """Return whether a path is of this kind."""
        words = re.split(r"(<\w+>)", self.path)
        pattern = "".join(
            PLACEHOLDERS.get(word, "[^/]+") if word.startswith("<") else re.escape(word)
            for word in words
        )
        return re.fullmatch(pattern, path) is not None

    @property
    def literal(self):
        """Number of characters that are given: of two kinds that match, more is the right one."""
        return len(re.sub(r"<\w+>", "", self.path))


def tables(text):
    """Names in the first cells of each table, by the first word of its header."""
    found, head = {}, None
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if not line.startswith("|"):
            head = None
        elif head is None:
            head = cells[0]
            found.setdefault(head, set())
        elif not line.startswith("|---"):
            names = re.findall(r"`([^`]+)`", cells[0] if head != "bit" else cells[1])
            found[head] |= {name.replace("<b>", band) for name in names for band in BANDS}
    return found


def conditional(text):
    """Names in the rows of tables that say when a file has them."""
    rows = [line for line in text.splitlines() if line.startswith("|") and "only " in line]
    return set().union(*tables("| | |\n|---|\n" + "\n".join(rows)).values())


def section(heading):
    """Text below a heading of the page."""
    text = PAGE.read_text(encoding="utf-8")
    (found,) = re.findall(rf"^#+ {heading}\n(.*?)(?=^#|\Z)", text, flags=re.MULTILINE | re.DOTALL)
    return found


def products():
    """All kinds of files on the page."""
    text = PAGE.read_text(encoding="utf-8")
    parts = re.split(r"^### (.+)\n", re.sub(r"^##? .*$", "", text, flags=re.MULTILINE), flags=re.M)
    for heading, body in zip(parts[1::2], parts[2::2], strict=True):
        for path in re.findall(r"`([^`]+)`", heading):
            yield Product(path, "Only with" in body[:20], body, tables(body), conditional(body))


PRODUCTS = list(products())


def kind_of(path):
    """The kind of a file, or None if the page does not have it."""
    found = [product for product in PRODUCTS if product.matches(path)]
    return max(found, key=lambda product: product.literal, default=None)


@pytest.fixture(scope="module")
def files(demo):
    """Files of the demo by kind."""
    results, found = demo / "results/demo", {}
    for path in sorted(results.rglob("*")):
        if path.is_file():
            name = path.relative_to(results).as_posix()
            # the page has the table whose columns an ECSV file describes
            twin = path.suffix == ".ecsv" and path.with_suffix(".csv").exists()
            kind = kind_of(str(Path(name).with_suffix(".csv")) if twin else name)
            found.setdefault(kind.path if kind else name, []).append(path)
    return found


def test_every_file_of_the_demo_is_on_the_page(files):
    assert set(files) <= {product.path for product in PRODUCTS}


def test_every_file_of_the_page_is_in_the_demo(files):
    expected = {product.path for product in PRODUCTS if not product.optional}
    assert expected <= set(files)
    assert len(expected) > 30


def columns_of(path):
    """Names of a table's columns, or None for other files."""
    if path.suffix == ".ecsv":
        return set(Table.read(path).colnames)
    if path.suffix == ".csv":
        with open(path, newline="", encoding="utf-8") as file:
            return set(next(csv.reader(file)))
    if path.suffix == ".parquet":
        return set(pq.read_schema(path).names)
    if path.suffix == ".dat":
        return set(path.read_text(encoding="utf-8").splitlines()[1].strip("# ").split())
    return None


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.path)
def test_columns_are_those_of_the_page(product, files):
    for path in files.get(product.path, []):
        columns = columns_of(path)
        if columns is not None:
            assert columns <= product.names["column"]
            assert product.names["column"] - product.conditional <= columns


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.path)
def test_hdus_and_cards_are_those_of_the_page(product, files):
    for path in files.get(product.path, []):
        if path.suffix != ".fits" or "<path>" in product.path:
            continue
        with fits.open(path) as hdus:
            names = {hdu.name for hdu in hdus}
            assert names - {""} == product.names["HDU"]
            assert ("" in names) == bool(re.search("no name|unnamed|Downloaded", product.text))
            if "column" in product.names:
                assert set(hdus[-1].columns.names) == product.names["column"]
            cards = {card for hdu in hdus for card in hdu.header}
            assert product.names.get("card", set()) - product.conditional <= cards
            units = [row for row in product.text.splitlines() if row.startswith("| `")]
            assert all(len(re.split(r"(?<!\\)\|", row)) == 5 for row in units)


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.path)
def test_keys_are_those_of_the_page(product, files):
    for path in files.get(product.path, []):
        if "key" in product.names and path.suffix == ".json":
            keys = set(json.loads(path.read_text(encoding="utf-8")))
            assert keys <= product.names["key"]
            assert product.names["key"] - product.conditional <= keys


@pytest.mark.parametrize(
    ("heading", "flags"),
    [
        ("Mask bits", {name: 1 << number for name, number in BITS.items()}),
        ("Transient flags", TRANSIENT_FLAGS),
        ("Star flags", STAR_FLAGS),
    ],
)
def test_flags_are_those_of_the_page(heading, flags):
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \| \w", section(heading), flags=re.MULTILINE)
    assert {name: int(value) for value, name in rows} == flags
