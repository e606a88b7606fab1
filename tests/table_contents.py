"""One small table as the content of a file, in every format that the reader of tables knows."""

import bz2
import gzip
import io
import lzma
import zipfile

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from astropy.table import MaskedColumn, Table

#: the largest id that fits 63 bits, one of the survey's, a small one
IDS = np.array([2**63 - 1, 1237648704577142822, 7], np.int64)
REDSHIFT = np.array([0.1, np.nan, 1 / 3])
MAGNITUDE = np.array([22.744637, -5e-324, 1.7976931348623157e308])
CLASS = np.array(["GALAXY", "NGC 224", "QSO"], dtype=object)


def text_of(mark=",", missing="", point=".", header="id{0}redshift{0}g{0}class\n"):
    """Return the content as text."""
    rows = [header.format(mark)]
    for one, redshift, magnitude, label in zip(IDS, REDSHIFT, MAGNITUDE, CLASS, strict=True):
        numbers = [missing if np.isnan(x) else repr(float(x)) for x in (redshift, magnitude)]
        numbers = [number.replace(".", point) for number in numbers]
        cell = f'"{label}"' if mark == " " else label
        rows.append(mark.join([str(one), *numbers, cell]) + "\n")
    return "".join(rows)


def masked_table():
    table = Table({"id": IDS, "redshift": REDSHIFT, "g": MAGNITUDE, "class": CLASS.astype(str)})
    table["redshift"] = MaskedColumn(REDSHIFT, mask=np.isnan(REDSHIFT))
    return table


def by_astropy(kind):
    file = io.BytesIO() if kind in ("fits", "votable") else io.StringIO()
    masked_table().write(file, format=kind)
    return file.getvalue() if isinstance(file, io.BytesIO) else file.getvalue().encode()


def binary_votable():
    file = io.BytesIO()
    masked_table().write(file, format="votable", tabledata_format="binary2")
    return file.getvalue()


def parquet():
    file = io.BytesIO()
    columns = {"id": IDS, "redshift": pa.array(REDSHIFT, from_pandas=True), "g": MAGNITUDE}
    pq.write_table(pa.table(columns | {"class": pa.array(CLASS).dictionary_encode()}), file)
    return file.getvalue()


def hdf5(records):
    file = io.BytesIO()
    table = masked_table().filled(np.nan)
    table["class"] = table["class"].astype("S")
    with h5py.File(file, "w") as out:
        if records:
            out["photometry"] = table.as_array()
        else:
            for name in table.colnames:
                out[f"photometry/{name}"] = table[name]
    return file.getvalue()


def machine_readable():
    """Return the content as a machine-readable table of the AAS."""
    rule = "-" * 80
    rows = [
        f"{one:>19} {'' if np.isnan(z) else repr(float(z)):>20} {float(g)!r:>24} {label:>8}"
        for one, z, g, label in zip(IDS, REDSHIFT, MAGNITUDE, CLASS, strict=True)
    ]
    about = [
        "Title: Table 1",
        "=" * 80,
        "Byte-by-byte Description of file: table1.txt",
        rule,
        "   Bytes Format Units  Label    Explanations",
        rule,
        "   1- 19 I19    ---    id       Number",
        "  21- 40 F20.18 ---    redshift ? Redshift",
        "  42- 65 E24.17 mag    g        Magnitude",
        "  67- 74 A8     ---    class    Class",
        rule,
    ]
    return "".join(f"{line}\n" for line in [*about, *rows]).encode()


def zipped(files):
    """Return a zip archive of the contents of files by name."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name, text in files.items():
            file.writestr(name, text)
    return archive.getvalue()


def markdown():
    """Return the content as a table of Markdown."""
    first, *rows = text_of(" | ").splitlines()
    return "".join(f"| {line} |\n" for line in [first, "---|---|---|---", *rows]).encode()


#: functions that return the bytes of a file
CONTENTS = {
    "csv": lambda: text_of().encode(),
    "null": lambda: text_of(missing="null").encode(),
    "NULL": lambda: text_of(missing="NULL").encode(),
    "nan": lambda: text_of(missing="nan").encode(),
    "NaN": lambda: text_of(missing="NaN").encode(),
    "N/A": lambda: text_of(missing="N/A").encode(),
    "--": lambda: text_of(missing="--").encode(),
    "-": lambda: text_of(missing="-").encode(),
    "INDEF": lambda: text_of(missing="INDEF").encode(),
    "MRT": machine_readable,
    "zip": lambda: zipped({"t.csv": text_of()}),
    "Markdown": markdown,
    "tab": lambda: text_of("\t").encode(),
    "bar": lambda: text_of("|").encode(),
    "semicolon": lambda: text_of(";").encode(),
    "decimal comma": lambda: text_of(";", point=",").encode(),
    "blanks": lambda: text_of(" ", missing="nan").replace(" g", "   g").encode(),
    "padded": lambda: text_of(",").replace(",", " ,  ").encode(),
    "quoted": lambda: text_of(",").replace("NGC 224", '"NGC 224"').encode(),
    "CRLF": lambda: text_of().replace("\n", "\r\n").encode(),
    "CR": lambda: text_of().replace("\n", "\r").encode(),
    "no last line end": lambda: text_of().rstrip("\n").encode(),
    "byte order mark": lambda: text_of().encode("utf-8-sig"),
    "UTF-16": lambda: text_of().encode("utf-16"),
    "UTF-16 without a mark": lambda: text_of().encode("utf-16-be"),
    "SkyServer": lambda: b"#Table1\n" + text_of().encode(),
    "remarks": lambda: text_of().replace("\n", "\n\n# a remark, or two\n").encode(),
    "commented header": lambda: b"# made by hand\n# " + text_of().encode(),
    "commented blanks": lambda: b"#" + text_of(" ", missing="nan").encode(),
    "VizieR": lambda: text_of(
        "\t", header="#a\n#b\nid{0}redshift{0}g{0}class\n{0}{0}mag{0}\n--{0}----{0}-{0}---\n"
    ).encode(),
    "SExtractor": lambda: text_of(
        " ", "nan", header="#  1 id  Number\n# 2 redshift\n# 3 g Magnitude [mag]\n# 4 class\n"
    ).encode(),
    "empty last column": lambda: text_of().replace("\n", ",\n").encode(),
    "index": lambda: "".join(
        f"{row - 1 if row else ''},{line}\n" for row, line in enumerate(text_of().splitlines())
    ).encode(),
    "gzip": lambda: gzip.compress(text_of().encode()),
    "bzip2": lambda: bz2.compress(text_of().encode()),
    "xz": lambda: lzma.compress(text_of().encode()),
    "FITS": lambda: by_astropy("fits"),
    "FITS, gzip": lambda: gzip.compress(by_astropy("fits")),
    "VOTable": lambda: by_astropy("votable"),
    "VOTable, binary": binary_votable,
    "ECSV": lambda: by_astropy("ascii.ecsv"),
    "IPAC": lambda: by_astropy("ascii.ipac"),
    "Parquet": parquet,
    "HDF5 records": lambda: hdf5(records=True),
    "HDF5 columns": lambda: hdf5(records=False),
}


def forms_of(text, delimiter=","):
    """Return the bytes of a table of text in the forms that users bring, by the file's suffix.

    Parameters
    ----------
    text : str
        Header and rows; an empty cell is a missing value.
    delimiter : str
        Delimiter of the cells.

    Returns
    -------
    dict of str to bytes
    """
    missing = {"keep_default_na": False, "na_values": [""]}
    frame = pd.read_csv(io.StringIO(text), sep=delimiter, comment="#", **missing)
    fits_file, parquet_file = io.BytesIO(), io.BytesIO()
    columns = {
        name: column.fillna("").to_numpy(str) if column.dtype.kind in "OT" else column.to_numpy()
        for name, column in frame.items()
    }
    Table(columns).write(fits_file, format="fits")
    frame.to_parquet(parquet_file, index=False)
    return {
        "mark.csv": text.encode("utf-8-sig"),
        "utf16.csv": text.encode("utf-16"),
        "csv.gz": gzip.compress(text.encode()),
        "fits": fits_file.getvalue(),
        "parquet": parquet_file.getvalue(),
    }


#: suffixes of `forms_of`
FORMS = ("mark.csv", "utf16.csv", "csv.gz", "fits", "parquet")
