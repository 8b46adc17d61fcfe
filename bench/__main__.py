"""`python -m bench`: a table of speeds with their yardsticks, or `--json`."""

import argparse
import json
import platform
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from bench.measure import Measure, Race
from bench.node import open_node
from bench.scale import Pair, at_scale
from bench.sections import SECTIONS

MIB = 1024 * 1024
SCALE = "scale"
DATABASES = ("sqlite", "postgresql")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sections that were asked for and print what they found."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "sections",
        nargs="*",
        metavar="SECTION",
        help=f"of {', '.join(SECTIONS)}, or {SCALE}, which takes minutes and is only run by name",
    )
    parser.add_argument("--documents", type=int, default=1_000_000, help=f"of {SCALE}")
    parser.add_argument(
        "--databases", nargs="+", choices=DATABASES, default=DATABASES, help=f"of {SCALE}"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--folder", type=Path, help="where homes and files go (this disk counts)")
    options = parser.parse_args(arguments)
    unknown = set(options.sections) - {*SECTIONS, SCALE}
    if unknown:
        parser.error(f"no such section: {', '.join(sorted(unknown))}")
    names = options.sections or [*SECTIONS]
    measures: list[Measure] = []
    with tempfile.TemporaryDirectory(
        prefix="greffe-bench-", dir=options.folder or Path.cwd()
    ) as at:
        if set(names) & set(SECTIONS):
            node = open_node(Path(at) / "home")
            try:
                for name in names:
                    if name in SECTIONS:
                        measures += _run(SECTIONS[name](node, Path(at)))
            finally:
                node.stop()
        if SCALE in names:
            measures += _run(at_scale(Path(at), options.documents, tuple(options.databases)))
    print(as_json(measures) if options.json else as_table(measures))
    return 0


def _run(races: Iterable[Race | Pair]) -> Iterator[Measure]:
    for race in races:
        print(f"measuring {race.name} …", file=sys.stderr, flush=True)
        yield race.run()


def as_json(measures: Sequence[Measure]) -> str:
    """Return the one object that scripts read."""
    return json.dumps(
        {
            "version": 1,
            "python": platform.python_version(),
            "machine": platform.machine(),
            "measures": [m.to_json() for m in measures],
        }
    )


def as_table(measures: Sequence[Measure]) -> str:
    """Return the table that people read."""
    rows = [("", "one takes", "speed", "peak memory", "yardstick", "takes", "ratio", "target")]
    rows += [_row(m) for m in measures]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in (lines[0], "-" * len(lines[0]), *lines[1:]))


def _row(measure: Measure) -> tuple[str, ...]:
    rate = 1 / measure.seconds
    speed = f"{rate:.0f}/s"
    if measure.octets >= MIB:
        speed = f"{measure.octets * rate / MIB:.0f} MiB/s"
    in_percent = "%" in measure.target or measure.yardstick.startswith(("raw", "nginx", "sendfile"))
    ratio = f"{measure.percent:.0f} %" if in_percent else f"{measure.times:.1f} x"
    met = {True: " reached", False: " not reached", None: ""}[measure.reached]
    return (
        measure.name,
        f"{measure.seconds * 1000:.2f} ms",
        speed,
        f"{measure.peak_octets / MIB:.0f} MiB",
        measure.yardstick,
        f"{measure.yardstick_seconds * 1000:.2f} ms",
        ratio,
        f"{measure.target}{met}",
    )


if __name__ == "__main__":
    sys.exit(main())
