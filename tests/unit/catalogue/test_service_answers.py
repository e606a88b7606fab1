"""Answers of VizieR and SkyBoT that are not tables of numbers end in one line."""

import re

import numpy as np
import pytest
from astropy.table import Table
from fuzz_listings import votable_of_bodies
from redpix.catalogue.vizier import numbers_of, tables_of
from redpix.core.exceptions import InputError
from redpix.subtraction.known_bodies import bodies_of


def test_a_column_of_texts_is_named():
    answer = Table({"RA_ICRS": ["150.1", "busy"], "DE_ICRS": [2.1, 2.2]})
    with pytest.raises(InputError, match="cannot be read as numbers of VizieR's column RA_ICRS"):
        numbers_of(answer, "ra_icrs")
    assert numbers_of(answer, "de_icrs").tolist() == [2.1, 2.2]
    assert np.isnan(numbers_of(answer, "pmRA")).all()


@pytest.mark.parametrize("answer", [None, [b"SIMPLE"], "busy"])
def test_what_does_not_hold_tables_is_refused(answer):
    with pytest.raises(InputError, match="the answer does not hold tables"):
        tables_of(answer)


def test_a_number_of_skybot_that_is_a_text_is_refused():
    text = re.sub(r'datatype="double"([^>]*)/>', r'datatype="unicodeChar"\1/>', votable_of_bodies())
    with pytest.raises(InputError, match="cannot be read as numbers or texts of _raj2000"):
        bodies_of(text, 59000.0)
