"""The house keeps its own rules: what the map names exists, what exists is on the map."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("xds", "registry", "repository", "dmp", "greffe")
MAX_LINES = 400
EXCUSED: dict[str, str] = {}
"""Files past MAX_LINES, each with the reason why two things do not live in it."""


def sources() -> list[Path]:
    return [p for package in PACKAGES for p in sorted((ROOT / package).rglob("*.py"))]


def test_no_source_file_is_longer_than_the_house_allows() -> None:
    long = {
        str(p.relative_to(ROOT)): count
        for p in sources()
        if (count := len(p.read_text(encoding="utf-8").splitlines())) > MAX_LINES
    }
    assert {name: n for name, n in long.items() if name not in EXCUSED} == {}
    assert set(EXCUSED) <= set(long), "an excuse for a file that needs none"


def test_every_module_says_what_it_is() -> None:
    silent = [
        str(p.relative_to(ROOT))
        for p in sources()
        if not ast.get_docstring(ast.parse(p.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_the_map_names_every_folder_at_the_top() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    folders = {line.split("/", 1)[0] for line in listed.stdout.splitlines() if "/" in line}
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    unnamed = {f for f in folders if not f.startswith(".") and f"`{f}/`" not in text}
    assert unnamed == set()


def test_every_path_that_the_map_names_exists() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = re.findall(r"`([a-z0-9_]+(?:/[a-z0-9_.]+)+/?)`", text)
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_runtime_dependency_is_justified_in_its_record() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    record = (ROOT / "docs/adr/0002-dependencies.md").read_text(encoding="utf-8")
    names = [
        re.split(r"[<>=\[;]", line, maxsplit=1)[0].strip() for line in declared["dependencies"]
    ]
    assert [name for name in names if f"| {name}" not in record] == []


def test_the_present_moment_is_read_in_one_place_only() -> None:
    calls = re.compile(r"datetime\.(?:now|utcnow|today)\(|\btime\.(?:time|monotonic)\(")
    offenders = [
        str(p.relative_to(ROOT))
        for p in sources()
        if p.name != "clock.py" and calls.search(p.read_text(encoding="utf-8"))
    ]
    assert offenders == []
