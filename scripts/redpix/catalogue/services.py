"""Ask catalogue services on the network: bounded attempts, one line where they do not answer."""

from xml.parsers.expat import ExpatError

from redpix.core.exceptions import InputError
from redpix.core.job import log

#: seconds until a request is given up, and the number of attempts
TIMEOUT, ATTEMPTS = 90, 2


def answer_of(service, request):
    """Return the answer of a service; ask once more if the first attempt fails.

    Parameters
    ----------
    service : str
        Name of the service in messages.
    request : callable
        ``request()`` asks and returns the answer.

    Returns
    -------
    object
        What `request` returns.

    Raises
    ------
    InputError
        If the last attempt fails, too: one line with the reason.
    """
    # only here: astroquery takes most of a second to import
    from astroquery.exceptions import RemoteServiceError, TableParseError
    from astroquery.exceptions import TimeoutError as QueryTimeout

    faults = (RemoteServiceError, TableParseError, QueryTimeout, ExpatError)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return request()
        except (OSError, ValueError, LookupError, *faults) as error:
            words = _words_of(error)
        if attempt < ATTEMPTS:
            log.info("%s does not answer (%s); trying again", service, words)
    raise InputError(f"{service} does not answer ({words})")


def _words_of(error):
    """Return the reason of a failed request in a few words."""
    from requests.exceptions import ConnectionError as ConnectionFailed

    if isinstance(error, ConnectionFailed):
        return "no connection"
    return str(error).splitlines()[0][:100] if str(error).strip() else type(error).__name__
