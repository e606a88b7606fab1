"""Draw the demo sky: all galaxies, stars and transients, as a table."""

from redpix.core.atomic_files import atomic
from redpix.core.job import log
from redpix.demo.truth import draw_truth


def write_sky(truth, galaxies, stars, transients, seed):
    """Draw the demo sky and write its truth as CSV.

    Parameters
    ----------
    truth : str
        CSV that is written, one row per source; columns are `redpix.demo.truth.COLUMNS`.
    galaxies, stars : int
        Mean number per field.
    transients : int
        Number in all fields together.
    seed : int
        Seed of the random numbers.

    Raises
    ------
    InputError
        If the sources do not fit on the sky.
    """
    table = draw_truth(seed, galaxies, stars, transients)
    for kind, number in table["kind"].value_counts().items():
        log.info("%s: %d", kind, number)
    log.info("catalogued: %d", table["catalogued"].sum())
    with atomic(truth) as temporary:
        table.to_csv(temporary, index=False)
    log.info("wrote %s", truth)
