"""The one kind of exception that a user is expected to read."""


class InputError(ValueError):
    """Something that was given is wrong; the message names it and says what to do.

    The message is one line: the file, the key or the row first, then the fact, then what is
    allowed. Scripts print it without a traceback and end with status 1.
    """
