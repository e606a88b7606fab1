"""The exception for mistakes of a user, and the end of a run that has them."""

import contextlib
import re
import sys

#: a word that is longer than any path
_WORD = re.compile(r"(\S{200})\S{3900,}")


#: most lines of a message
MOST_LINES = 50


class InputError(ValueError):
    """Report a mistake in the input of a user.

    The message is one line: ``file or key: value: fact; allowed: ...``. Scripts print it without
    a traceback and end with status 1. Words of thousands of characters are shortened. A
    configuration or a listing with several faults has a line per fault, `MOST_LINES` at most.

    Parameters
    ----------
    message : object
        The message.
    """

    def __init__(self, message=""):
        text = str(message)
        count = text.count("\n")
        if count >= MOST_LINES:
            lines = text.split("\n", MOST_LINES)[:MOST_LINES]
            text = "\n".join([*lines, f"and {count + 1 - MOST_LINES} more"])
        super().__init__(_WORD.sub(r"\1...", text))


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
