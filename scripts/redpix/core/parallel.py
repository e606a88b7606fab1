"""Run functions at the same time."""

from concurrent.futures import ThreadPoolExecutor

from threadpoolctl import threadpool_limits


def side_by_side(calls, threads):
    """Call functions in threads and return their results in the order of the functions.

    Meanwhile linear algebra has one thread per call: for small matrices, waiting threads would
    double the CPU time.

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
    with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]
