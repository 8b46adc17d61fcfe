"""One number beside its yardstick: measured in turns, so that both see the same machine."""

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from bench.process import Server

ROUNDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What one section found."""

    name: str
    seconds: float
    """For one request, median of the rounds."""
    octets: int
    """Document or answer octets in one request; 0 where none is meant."""
    yardstick: str
    yardstick_seconds: float
    target: str
    """What `docs` promise, such as `<= 3.0 x` or `>= 60 %`; '' for none."""
    peak_octets: int
    """Peak resident memory of the service's largest process."""

    @property
    def times(self) -> float:
        """How many times the yardstick's time it took."""
        return self.seconds / self.yardstick_seconds

    @property
    def percent(self) -> float:
        """Speed in per cent of the yardstick's."""
        return 100 / self.times

    @property
    def reached(self) -> bool | None:
        """Whether the target was reached; None without one."""
        if not self.target:
            return None
        sign, number, unit = self.target.split()
        value = self.percent if unit == "%" else self.times
        return value >= float(number) if sign == ">=" else value <= float(number)

    def to_json(self) -> dict[str, object]:
        """Return everything, derived numbers too."""
        return {
            **asdict(self),
            "per_second": 1 / self.seconds,
            "octets_per_second": self.octets / self.seconds,
            "times": self.times,
            "percent": self.percent,
            "reached": self.reached,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """Ours and the yardstick, in turns."""

    name: str
    ours: Callable[[], object]
    times: int
    """Requests in one round."""
    yardstick: str
    held_against: Callable[[], float]
    """Returns the yardstick's seconds for one."""
    server: Server
    octets: int = 0
    target: str = ""

    def run(self) -> Measure:
        """Warm up, then measure in turns."""
        for _ in range(min(self.times, 5)):
            self.ours()
        self.held_against()
        self.server.forget_peak()
        ours, theirs = [], []
        for _ in range(ROUNDS):
            ours.append(seconds_for_one(self.ours, self.times))
            theirs.append(self.held_against())
        return Measure(
            name=self.name,
            seconds=statistics.median(ours),
            octets=self.octets,
            yardstick=self.yardstick,
            yardstick_seconds=statistics.median(theirs),
            target=self.target,
            peak_octets=self.server.peak_octets(),
        )


def seconds_for_one(act: Callable[[], object], times: int) -> float:
    """Return the mean seconds of one act over so many."""
    started = time.perf_counter()
    for _ in range(times):
        act()
    return (time.perf_counter() - started) / times
