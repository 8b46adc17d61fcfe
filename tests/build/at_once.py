"""Several calls at the same time, whose failures are the test's own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def at_once(*calls: Callable[[], T]) -> list[T]:
    """Return what each call gives. All begin together; the first exception is raised here."""
    together = threading.Barrier(len(calls))

    def begun(call: Callable[[], T]) -> T:
        together.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [one.result() for one in [pool.submit(begun, call) for call in calls]]
