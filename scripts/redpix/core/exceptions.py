"""The exception for mistakes of a user, and the end of a run that has them."""

import contextlib
import sys


class InputError(ValueError):
    """Report a mistake in the input of a user.

    The message is one line: ``file or key: value: fact; allowed: ...``. Scripts print it without
    a traceback and end with status 1.
    """


@contextlib.contextmanager
def refusals(key):
    """Exit with the lines of an InputError, each after a key.

    Parameters
    ----------
    key : str
        Words before each line, such as ``configuration: ``; may be empty.
    """
    try:
        yield
    except InputError as error:
        sys.exit("\n".join(f"{key}{line}" for line in str(error).splitlines()))
