"""The exception for mistakes of a user."""


class InputError(ValueError):
    """Report a mistake in the input of a user.

    The message is one line: ``file or key: value: fact; allowed: ...``. Scripts print it without
    a traceback and end with status 1.
    """
