"""Configuration files are checked before Snakemake reads them."""

import pytest
from redpix.core import configuration_files
from redpix.core.configuration_files import check_configuration
from redpix.core.exceptions import InputError
from snakemake.common.configfile import load_configfile


@pytest.mark.parametrize(
    ("content", "fact"),
    [
        ("name: é".encode("latin-1"), "line 1: 'utf-8' codec can't decode byte 0xe9"),
        ("name: demo".encode("utf-16"), "line 1: UTF-16; allowed: text in UTF-8, such as 'iconv"),
        (b"photoz:\n\tk: 5\n", "line 2: found character that cannot start any token"),
        (b"name: a\nphotoz: {k: 1, k: 2}\n", "k: stands twice, in lines 2 and 2"),
        (b'{"name": "a", "name": "b"}', "name: stands twice"),
        (b"name: !!python/object/apply:os.system [ls]", "line 1: the tag tag:yaml.org,2002:pyth"),
        (b"name: !own b", "line 1: the tag !own"),
        (b"", "holds nothing"),
        (b"- a\n- b\n", "holds a list"),
        (b"words\n", "holds one value"),
        (b"a: " + b"[" * 3000, "line 1: 32 levels"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "line 1: 32 levels"),
        (b"name: a\n---\nname: b\n", "line 2: but found another document"),
        (b"name: 2024-13-45", "month must be in 1..12"),
        (b"name: " + b"9" * 5000, "Exceeds the limit"),
        (b"name: a\0b", "unacceptable character"),
        (b"[a, b]: 4", "line 1: found unhashable key"),
        (b"__use_yte__: true\nname: ?1/0\n", "__use_yte__: Snakemake would run Python code"),
    ],
)
def test_a_fault_is_one_line_with_the_name(tmp_path, content, fact):
    path = tmp_path / "own.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        check_configuration(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert fact in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="is not a file"):
        check_configuration(tmp_path)


def test_a_file_that_would_take_minutes_is_refused_unread(tmp_path):
    path = tmp_path / "large.yaml"
    with path.open("wb") as file:
        file.truncate(10**11)
    limit = configuration_files.LONGEST
    with pytest.raises(InputError, match=f"100000000000 bytes; allowed: up to {limit} bytes"):
        check_configuration(path)


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfname: demo\n",
        b"name: demo\r\nseed: 1\r\n",
        b'{"name": "demo",\n\t"bands": ["g", "r"]}',
        b"base: &a {k: 1}\nphotoz: {<<: *a, k: 2}\nbands: &b [g, r]\nother: *b\n",
        b"a: {name: x}\nb: {name: x}\nname: !!str 5\n",
    ],
)
def test_what_snakemake_reads_is_accepted(tmp_path, content):
    path = tmp_path / "own.yaml"
    path.write_bytes(content)
    check_configuration(path)
    assert load_configfile(path)
