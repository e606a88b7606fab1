"""Facts of a difference image come from its header."""

from redpix.report.difference_facts import scattered_light


def test_scattered_light_is_a_fact_only_where_the_background_follows_it():
    assert scattered_light({}) == scattered_light({"BACKFINE": 0.0}) == {}
    words = "taken for background in 3.2 % of the image"
    assert scattered_light({"BACKFINE": 0.0318}) == {"scattered light": words}
