"""Run functions at the same time."""

from concurrent.futures import ThreadPoolExecutor


def side_by_side(calls, threads):
    """Call functions in threads and return their results in the order of the functions.

    Parameters
    ----------
    calls : sequence of callable
        Functions without arguments.
    threads : int
        Number of functions that run at the same time.

    Returns
    -------
    list
    """
    with ThreadPoolExecutor(threads) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]
