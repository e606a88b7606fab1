"""FITS headers for tests of what headers mean."""

from astropy.io import fits


def of_cards(cards):
    """Return a header of a dict of cards; a value may be a pair with its comment."""
    header = fits.Header()
    header.update(cards)
    return header
