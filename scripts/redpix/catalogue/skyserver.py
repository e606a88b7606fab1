"""Query SkyServer for the objects of a region."""

import re
import time
from string import Template

from redpix.catalogue.build import CatalogueRows
from redpix.catalogue.redshifts import standard_redshifts
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.io.tables import read_table

#: largest number of rows in an answer; SkyServer cuts longer answers off
SKYSERVER_ROWS = 500_000

#: seconds to wait before each further attempt
WAITS = (5, 20, 60)

#: longest wait that a server's Retry-After may ask for, s
LONGEST_WAIT = 300

#: longest duration of a query, s; the limit of SkyServer itself is 600 s
SKYSERVER_TIMEOUT = 660

# answers in place of a table, in the words of the service; a title may stand above them
_TITLE = r"\s*(?:#[^\n]*\n\s*)?[\"']?"
_EMPTY = re.compile(_TITLE + r"No (?:objects|entries) have been found", re.IGNORECASE)
_ERROR = re.compile(_TITLE + r"ERROR\b", re.IGNORECASE)
_BUSY = re.compile(r"queries allowed per minute|too many requests", re.IGNORECASE)


def skyserver_query(template, ra, dec, limit=None):
    """Return the SQL for the objects of a region; only numbers are put into the template.

    Parameters
    ----------
    template : str
        SQL with ``$top``, ``$ra_min``, ``$ra_max``, ``$dec_min`` and ``$dec_max``.
    ra, dec : sequence of two floats
        Smallest and largest, degrees.
    limit : int, optional
        Largest number of rows to return.

    Returns
    -------
    str
    """
    corners = [repr(float(number)) for number in (*ra, *dec)]
    names = ("ra_min", "ra_max", "dec_min", "dec_max")
    top = "" if limit is None else f"TOP {int(limit)}"
    return Template(template).substitute(dict(zip(names, corners, strict=True)), top=top)


def skyserver_rows(template, area, limit, release):
    """Return the rows of a region's objects from SkyServer.

    Parameters
    ----------
    template : str
        As for `skyserver_query`.
    area : Mapping
        ``ra`` and ``dec``: smallest and largest, degrees.
    limit : int or None
        Largest number of rows.
    release : str
        Data release, such as ``dr17``.

    Returns
    -------
    CatalogueRows

    Raises
    ------
    InputError
        If SkyServer does not answer, refuses the query, cuts its answer off or has no object.
    """
    query = skyserver_query(template, area["ra"], area["dec"], limit)
    log.info("SkyServer, release %s: %s", release, " ".join(query.split()))
    text = ask_skyserver(query, int(release.removeprefix("dr")))
    if _EMPTY.match(text):
        raise _no_object(area)
    table = read_table(text.encode(), "SkyServer's answer", keep_ragged=True, allow_empty=True)
    log.info("%s", table.understood)
    if len(table) >= SKYSERVER_ROWS:
        raise InputError(
            f"catalogue.area: SkyServer cuts its answers off at {SKYSERVER_ROWS} rows, and this "
            "answer has as many; allowed: a smaller area, or catalogue.limit"
        )
    if not len(table):
        raise _no_object(area)
    rows = table.frame()
    for said in standard_redshifts(rows):
        log.info("%s: %s", table.name, said)
    return CatalogueRows(rows, table.ragged)


def _no_object(area):
    """Return the error that a region has no object."""
    return InputError(
        f"catalogue.area: SkyServer has no object with a redshift in RA {area['ra']}, "
        f"Dec {area['dec']}; allowed: a region that the survey's spectrographs covered"
    )


def ask_skyserver(query, release):
    """Return SkyServer's answer to a query, as CSV text.

    Parameters
    ----------
    query : str
        SQL.
    release : int
        Number of the data release.

    Returns
    -------
    str

    Raises
    ------
    InputError
        If SkyServer refuses the query, or does not answer in any attempt.
    """
    # only here: astroquery takes most of a second to import
    import requests
    from astroquery.sdss import SDSS

    for wait in (*WAITS, None):
        try:
            # the answer as text: astroquery's own reader passes ids through a table's types
            answer = SDSS.query_sql_async(
                query, data_release=release, timeout=SKYSERVER_TIMEOUT, cache=False
            )
        except requests.RequestException as error:
            fault = f"{type(error).__name__}: {error}"
        else:
            fault = _fault_of_answer(answer.status_code, answer.text)
            if not fault:
                return answer.text
            if not _is_passing(answer.status_code, answer.text):
                raise InputError(f"SkyServer (skyserver.sdss.org) refuses the query: {fault}")
            wait = _longer_wait(wait, answer)
        if wait is not None:
            log.warning("SkyServer: %s; trying again in %d s", one_line(fault), wait)
            time.sleep(wait)
    raise InputError(
        f"SkyServer (skyserver.sdss.org) gives no answer in {len(WAITS) + 1} attempts, the last "
        f"time {one_line(fault)}; check the network, try later, or give a table as catalogue.from"
    )


def _fault_of_answer(status, text):
    """Return the fault of an answer; empty if the answer is a table or says that it is empty."""
    is_error = "error_message" in text.lower() or _ERROR.match(text) or _BUSY.search(text[:1000])
    if status == 200 and not _is_page(text) and not is_error:
        return ""
    return f"status {status}, {one_line(text)}"


def _is_passing(status, text):
    """Return whether a fault may pass: the server is down, or asked too often."""
    return status >= 500 or status == 429 or _is_page(text) or bool(_BUSY.search(text[:1000]))


def _longer_wait(wait, answer):
    """Return the wait before the next attempt, s: longer if the server asks for it."""
    asked = str(getattr(answer, "headers", {}).get("Retry-After", ""))
    if wait is None or not asked.isdecimal():
        return wait
    return min(max(wait, int(asked)), LONGEST_WAIT)


def _is_page(text):
    """Return whether text is a web page."""
    return text.lstrip().startswith("<")


def one_line(text):
    """Return the words of a message or a web page on one line of at most 200 characters.

    Parameters
    ----------
    text : str
        Message or HTML.

    Returns
    -------
    str
    """
    text = re.sub(r"<(style|script|head)\b.*?</\1>|<[^>]*>", " ", text, flags=re.DOTALL | re.I)
    text = " ".join(text.split())
    return text if len(text) <= 200 else f"{text[:197]}..."
