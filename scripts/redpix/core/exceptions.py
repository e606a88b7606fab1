"""The exception for mistakes of a user, and the end of a run that has them."""

import contextlib
import re
import sys

#: a word that is longer than any path
_WORD = re.compile(r"(\S{200})\S{3900,}")


class InputError(ValueError):
    """Report a mistake in the input of a user.

    The message is one line: ``file or key: value: fact; allowed: ...``. Scripts print it without
    a traceback and end with status 1. Words of thousands of characters are shortened.

    Parameters
    ----------
    message : object
        The message.
    """

    def __init__(self, message=""):
        super().__init__(_WORD.sub(r"\1...", str(message)))


@contextlib.contextmanager
def refusals(key):
    """Exit with the lines of an InputError, each after a key.

    Parameters
    ----------
    key : str
        Words before each line, such as "configuration: "; may be empty.
    """
    try:
        yield
    except InputError as error:
        sys.exit("\n".join(f"{key}{line}" for line in str(error).splitlines()))
