"""The conformance statement names only tests that exist, all in one way."""

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINES = (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8").splitlines()
QUOTED = re.compile(r"`([^`]+)`")
ROOMS = ("bench", "dmp", "docs", "domains", "greffe", "registry", "repository", "schemas", "xds")


def named() -> list[tuple[int, str]]:
    return [(n, token) for n, line in enumerate(LINES, 1) for token in QUOTED.findall(line)]


@cache
def source(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def missing(token: str) -> str:
    """Return what of `path` or `path::name` does not exist, "" when all of it does."""
    path, _, name = token.partition("::")
    if not (ROOT / path).exists():
        return path
    defined = rf"^\s*def {re.escape(name)}\(|^{re.escape(name)}\b.*="
    if name and not re.search(defined, source(path), re.MULTILINE):
        return token
    return ""


def test_every_test_that_is_named_exists() -> None:
    tests = [(n, token) for n, token in named() if token.startswith("tests/")]
    assert len(tests) > 300
    assert [(n, what) for n, token in tests if (what := missing(token))] == []


def test_every_file_that_is_named_exists() -> None:
    files = [(n, t) for n, t in named() if t.startswith(tuple(f"{room}/" for room in ROOMS))]
    assert files
    assert [(n, t) for n, t in files if not (ROOT / t).exists()] == []


def test_tests_are_named_alike() -> None:
    """Always `tests/…`, in backquotes: what is written otherwise would escape the law above."""
    odd = [(n, t) for n, t in named() if ("test_" in t or "::" in t) and t[:6] != "tests/"]
    bare = [
        (n, word)
        for n, line in enumerate(LINES, 1)
        for word in QUOTED.sub("", line).split()
        if "test_" in word or "tests/" in word or "::" in word
    ]
    assert odd + bare == []


def test_every_row_of_a_table_says_rule_state_and_test() -> None:
    short = [
        n
        for n, line in enumerate(LINES, 1)
        if line.startswith("| ") and line.count(" | ") + line.endswith(" | |") < 2 and _wide(n)
    ]
    assert short == []


def _wide(number: int) -> bool:
    """Return whether the table that this line belongs to has three columns."""
    head = next(n for n in range(number - 1, -1, -1) if not LINES[n].startswith("|"))
    return LINES[head + 1].count(" | ") == 2


@pytest.mark.parametrize(
    "token", ["tests/law/nowhere.py", "tests/law/test_conformance.py::test_nothing"]
)
def test_the_law_can_fail(token: str) -> None:
    assert missing(token)


def test_every_transaction_that_is_served_has_its_section() -> None:
    """A room of the Registry or the Repository is a section of the statement."""
    headings = " ".join(line for line in LINES if line.startswith("## "))
    rooms = {
        folder.name.split("_")[0].removeprefix("iti")
        for actor in ("registry", "repository")
        for folder in (ROOT / actor).glob("iti*_*")
    }
    assert [room for room in sorted(rooms) if f"[ITI-{room}]" not in headings] == []
