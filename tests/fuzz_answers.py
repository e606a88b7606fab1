"""Valid answers of services, configurations, checksums and kept lists, for `fuzz_readers`."""

import hashlib
import io
import json
from types import SimpleNamespace
from unittest import mock

import fuzz_listings
import numpy as np
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io.votable.tree import Resource, TableElement, VOTableFile
from astropy.table import Table
from astroquery.vizier import Vizier
from redpix.catalogue.build import build
from redpix.catalogue.skyserver import skyserver_rows
from redpix.catalogue.vizier import ask_vizier
from redpix.config.night_folder import read_masters
from redpix.core.configuration_files import check_configuration
from redpix.core.run_summary import read_left_out
from redpix.photometry.fetch_stars import ask
from redpix.photometry.night_masters import Master
from redpix.sdss.checksum_lists import check_listed
from redpix.subtraction.gaia_sources import SOURCES, VARIABLES, gaia_table
from redpix.subtraction.kept_objects import read_gaia

CENTRE = SkyCoord(150.1 * u.deg, 2.2 * u.deg)

CONFIGURATION = """name: demo
source: sdss
bands: [g, r, i]
photoz: {method: [knn, tpz], k: 50}
catalogue:
  area: {ra: [150.0, 151.0], dec: &low [2.0, 3.0]}
  limit: null
subtraction:
  science: {gain: 1.5, fwhm: 3.2}
"""


def vizier_votable():
    """Return an answer of VizieR with sources of Gaia and classes of variables."""
    sources = Table({"Source": np.arange(3) + 2**60, "RA_ICRS": [150.1, 150.2, 150.3]})
    sources["DE_ICRS"] = [2.1, 2.2, 2.3]
    for name in ("pmRA", "pmDE", "Gmag", "BPmag", "RPmag", "e_Gmag", "PQSO", "PGal"):
        sources[name] = [0.1, 15.0, 0.3]
    sources["VarFlag"] = ["VARIABLE", "NOT_AVAILABLE", "VARIABLE"]
    classes = Table({"Source": sources["Source"], "Class": ["RR", "AGN", "ECL"]})
    file, resource = VOTableFile(), Resource()
    for name, table in ((SOURCES, sources), (VARIABLES, classes)):
        element = TableElement.from_table(file, table)
        element.name = name
        resource.tables.append(element)
    file.resources.append(resource)
    content = io.BytesIO()
    file.to_xml(content)
    return content.getvalue().decode()


def answered(read):
    """Return a reader of a file that VizieR answers."""

    def parsed(path):
        content = path.read_bytes()
        answer = SimpleNamespace(content=content, text=content.decode(errors="replace"))

        def query_region(service, *_, **__):
            return service._parse_result(answer)

        with mock.patch.object(type(Vizier()), "query_region", query_region):
            return read()

    return parsed


def skyserver_table():
    """Return an answer of SkyServer."""
    return "#Table1\n" + fuzz_listings.objects_table()


def skyserver(path):
    """Read a file that SkyServer answers, and build the catalogue."""
    text = path.read_text(encoding="utf-8", errors="replace")
    answer = SimpleNamespace(status_code=200, text=text, headers={})
    with (
        mock.patch("astroquery.sdss.SDSS.query_sql_async", return_value=answer),
        mock.patch("time.sleep"),
    ):
        rows = skyserver_rows("SELECT $top", {"ra": [1, 2], "dec": [1, 2]}, None, "dr17")
        build(rows, fuzz_listings.schema("objects"), "SkyServer", 2.0)


def checksums(path):
    """Compare a file with the list of checksums beside it."""
    listed = path.parent / "listed.fits"
    listed.write_bytes(b"content")
    check_listed(listed)


def masters():
    """Return the masters of a night."""
    flat = Master("flat", ("a.fits", "b.fits"), 3.0, dark="dark1")
    return json.dumps({"flat1": flat._asdict(), "dark1": Master("dark", ("c.fits",))._asdict()})


def gaia_kept():
    """Return a kept table of sources of Gaia."""
    columns = {"source": [1, 2], "ra": [150.0, 151], "dec": [2.0, 3], "pmra": [0.0, 1]}
    table = Table(columns | {"pmdec": [0.0, 1], "G": [15.0, 16], "kind": ["star", "quasar"]})
    return fuzz_listings.ecsv(table)


def answers():
    """Return name, suffix, content and reader of the texts of this module.

    Returns
    -------
    list of (str, str, str, callable)
    """
    digest = hashlib.sha1(b"content").hexdigest()
    lists = f"{digest}  listed.fits\n{'0' * 40} *other.fits\n"
    delivered = "field,delivered,reason\n1-2-3,yes,\n1-2-4,no,gone\n"

    def variables():
        gaia_table(ask_vizier([SOURCES, VARIABLES], ["Source"], CENTRE, 0.1))

    return [
        ("configuration", ".yaml", CONFIGURATION, check_configuration),
        ("SkyServer", ".csv", skyserver_table(), skyserver),
        ("VizieR", ".xml", vizier_votable(), answered(variables)),
        ("VizieR stars", ".xml", vizier_votable(), answered(lambda: ask("gaia", CENTRE, 0.1))),
        ("checksums", ".sha1sum", lists, checksums),
        ("masters", ".json", masters(), read_masters),
        ("delivered", ".csv", delivered, read_left_out),
        ("kept Gaia", ".ecsv", gaia_kept(), read_gaia),
    ]
