"""The demo's node: commands run as a reader would type them, services as an operator starts them.

Spec: none.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

STOP_SECONDS: Final = 60
COMMAND_SECONDS: Final = 300


class DemoError(Exception):
    """Something is not as told."""


def run(*words: str | Path) -> str:
    """Run a command that must succeed and return what it printed. Errors: DemoError."""
    done = _run(words)
    if done.returncode:
        raise DemoError(f"greffe {words[0]} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def run_json(*words: str | Path) -> dict[str, Any]:
    """Run a command with --json; returns its object, whatever its exit code. Errors: DemoError."""
    done = _run((*words, "--json"))
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError as error:
        raise DemoError(f"greffe {words[0]} printed no JSON: {done.stderr.strip()}") from error
    if answer["exit_code"] != done.returncode:
        raise DemoError(f"greffe {words[0]} ended with {done.returncode}, not as its object says")
    return answer


@contextmanager
def serving(home: Path) -> Iterator[dict[str, str]]:
    """Serve a home on free ports; yields service → URL. Errors: DemoError.

    The log goes to HOME/serve.log.
    """
    command = [*_GREFFE, "serve", "--home", str(home), "--registry-port", "0"]
    with (home / "serve.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [*command, "--repository-port", "0"], stdout=subprocess.PIPE, stderr=log, text=True
        )
    try:
        lines = [(process.stdout.readline() if process.stdout else "").split() for _ in range(2)]
        urls = {words[1]: words[2] for words in lines if words[:1] == ["ready"]}
        if urls.keys() != {"registry", "repository"}:
            raise DemoError((home / "serve.log").read_text(encoding="utf-8").strip())
        yield urls
    finally:
        process.terminate()
        code = process.wait(STOP_SECONDS)
    if code:
        raise DemoError(f"greffe serve ended with {code}; see {home}/serve.log")


_GREFFE: Final = (sys.executable, "-m", "greffe")


def _run(words: tuple[str | Path, ...]) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "NO_COLOR": "1"}
    return subprocess.run(
        [*_GREFFE, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=COMMAND_SECONDS,
        env=environment,
    )
