"""Threads over bands of rows or columns.

Kernels are serial and release the interpreter's lock, and Python's threads share the work out:
Numba's own threading layers abort after a fork (GNU OpenMP) or are not thread-safe (workqueue).
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


def in_bands(work: Callable[[int, int], object], length: int, threads: int) -> None:
    """Call ``work(start, stop)`` on as many equal bands of ``range(length)`` as threads.

    Parameters
    ----------
    work : what is done with one band; bands must not depend on each other.
    length : number of rows, columns or chunks.
    threads : how many bands, each in a thread of its own; 1 works in the calling thread.

    Raises
    ------
    ValueError : fewer than one thread.

    Examples
    --------
    >>> in_bands(lambda start, stop: print(start, stop), 8, 1)
    0 8
    """
    if threads < 1:
        raise ValueError(f"at least one thread is needed, not {threads}")
    threads = min(threads, length)
    if threads <= 1:
        work(0, length)
        return
    edges = [length * i // threads for i in range(threads + 1)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, edges[:-1], edges[1:]))
