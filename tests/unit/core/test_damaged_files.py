"""Exceptions of damaged files become one line; those of the system stay."""

import errno

import pytest
from redpix.core.damaged_files import DAMAGE, readable
from redpix.core.exceptions import InputError


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_library_s_exception_becomes_one_line(kind):
    with pytest.raises(InputError, match="^a.fits: ") as caught, readable("a.fits", "a frame"):
        raise kind("broken\nbadly " + "x" * 500)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_name_is_said_once():
    with pytest.raises(InputError, match="^a.fits: HDU 1 is short$"), readable("a.fits", "a frame"):
        raise InputError("a.fits: HDU 1 is short")
    with pytest.raises(InputError, match="^HDU 1 is short$"), readable(None, "a frame"):
        raise InputError("HDU 1 is short")


def test_a_full_disk_is_not_a_damaged_file():
    with pytest.raises(OSError, match="full"), readable("a.fits", "a frame"):
        raise OSError(errno.ENOSPC, "full")


def test_a_mistake_of_our_own_is_not_a_damaged_file():
    with pytest.raises(KeyboardInterrupt), readable("a.fits", "a frame"):
        raise KeyboardInterrupt
