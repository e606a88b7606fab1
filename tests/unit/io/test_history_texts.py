"""Long texts in cards HISTORY are read whole, and apart from the next."""

import pytest
from astropy.io import fits
from redpix.io.header_values import history_text, history_texts


@pytest.mark.parametrize("length", range(55, 80))
def test_texts_are_whole_wherever_a_card_ends(length, tmp_path):
    header, texts = fits.Header(), ["a" * length + " " + "b" * 80, "short", "x" * length, "end"]
    for text in texts:
        header.add_history(history_text(text))
    fits.PrimaryHDU(header=header).writeto(tmp_path / "a.fits")
    found = history_texts(fits.getheader(tmp_path / "a.fits"))
    assert [text.rstrip(".") for text in found] == texts
    assert all(len(text) - len(text.rstrip(".")) <= 2 for text in found)


def test_a_header_without_history_has_none():
    assert history_texts(fits.Header()) == []
