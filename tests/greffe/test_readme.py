"""The README is tested: its commands run as they stand, its example too, its table is complete."""

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from greffe.cli import COMMANDS
from tests.flow.nodes import greffe, make_home, serving

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return [
        textwrap.dedent(found)
        for found in re.findall(rf"(?ms)^ *```{language}\n(.*?)^ *```", README)
    ]


def shell(commands, folder, *, check=True):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["sh", "-e", "-c", commands],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=check,
        timeout=120,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder where the README's node is running, on free ports."""
    made = tmp_path_factory.mktemp("reader")
    (made / "samples").symlink_to(ROOT / "samples")
    with serving(make_home(made / "home", "dmp"), domain="dmp") as node:
        (made / "registry.url").write_text(node.urls["registry"])
        yield made


def test_the_commands_and_the_example_do_what_the_readme_says(folder):
    (node_of_your_own, who_sees_what, assertion, *_) = blocks("sh")
    lines = node_of_your_own.splitlines()
    assert lines[0].startswith("greffe init ./home")
    assert lines[1].startswith("greffe serve --home ./home &")
    done = shell("\n".join(lines[2:]), folder)
    assert done.stdout.count("shared ") == 7
    assert "1.2.250.1.999.20.2026.1" in done.stdout
    (file,) = (folder / "retrieved").iterdir()
    assert file.read_bytes() == (ROOT / "samples" / "biology-report.xml").read_bytes()
    done = shell(who_sees_what, folder)
    assert done.stdout.count("1.2.250.1.999.20.2026.") == 4
    assert "INCONNU PAUL (Médecin)" in done.stdout
    shell(assertion, folder)
    (example,) = blocks("python")
    address = "http://127.0.0.1:8080/registry"
    assert address in example
    example = example.replace(address, (folder / "registry.url").read_text())
    done = subprocess.run(
        [sys.executable, "-c", example],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    status, *entries = done.stdout.splitlines()
    assert status.endswith("ResponseStatusType:Success")
    assert len(entries) == 4
    assert all(e.startswith("urn:uuid:") and e.endswith("text/xml") for e in entries)


def test_every_command_is_in_the_table_and_has_help_that_teaches():
    rows = re.findall(r"(?m)^\| `greffe (\w+)", README)
    assert rows == list(COMMANDS)
    overview = greffe("--help")
    assert overview.returncode == 0
    for name in COMMANDS:
        assert re.search(rf"(?m)^ +{name}\b", overview.stdout), name
        done = greffe(name, "--help")
        assert done.returncode == 0
        assert len(done.stdout.splitlines()) > 5


def test_every_target_and_file_that_is_named_exists():
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"(?m)(?:`|^    )make ([a-z]+)", README):
        assert f"\n{target}:" in makefile, target
    for link in re.findall(r"\]\(([^)]+)\)", README):
        assert (ROOT / link).exists(), link


@pytest.mark.parametrize("words", [(), ("nonsense",), ("query",), ("serve",)])
def test_a_command_line_that_is_none_ends_with_2_and_usage(words):
    done = greffe(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: greffe")
    assert "Traceback" not in done.stderr
