"""Nodes and commands as real processes, as an operator and a script run them."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

GREFFE = [sys.executable, "-m", "greffe"]
SECONDS = 90
PATIENTS = {
    "ihe": "FLOW-1^^^&1.3.6.1.4.1.21367.13.20.1000&ISO",
    "dmp": "284026938104238^^^&1.2.250.1.213.1.4.10&ISO^NH",
}
CALLERS = {
    "ihe": ("--role", "112247003^2.16.840.1.113883.6.96"),
    "dmp": ("--role", "10", "--specialty", "SM26"),
}


def greffe(*words, env_folder=None):
    """Run a command; `env_folder` is where its temporary files go."""
    more = {} if env_folder is None else {"TMPDIR": str(env_folder)}
    return subprocess.run(
        [*GREFFE, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        env={**os.environ, **more},
    )


def greffe_json(*words):
    """Run a command with --json; returns its exit code and its one object."""
    done = greffe(*words, "--json")
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def make_home(folder, domain="ihe"):
    done = greffe("init", folder, "--domain", domain)
    assert done.returncode == 0, done.stderr
    return folder


def assertion(home, domain, path, *more):
    done = greffe(
        *("assertion", "--home", home, "--subject", "899700000001", "--name", "ESSAI ALIX"),
        *(*CALLERS[domain], "--structure", "10B0127189", "--purpose", "normal", *more),
    )
    assert done.returncode == 0, done.stderr
    path.write_text(done.stdout)
    return path


@dataclass(kw_only=True)
class Node:
    home: Path
    domain: str
    process: subprocess.Popen
    lines: list
    log: Path

    @property
    def urls(self):
        return {line.split()[1]: line.split()[2] for line in self.lines}

    @property
    def patient(self):
        return PATIENTS[self.domain]

    def stop(self, number=signal.SIGTERM):
        """Stop it; returns exit code and what else it printed on stdout."""
        self.process.send_signal(number)
        rest, _ = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, rest


def start(home, *words, services=2, domain="ihe"):
    ports = ("--registry-port", "0", "--repository-port", "0")
    log = home.parent / f"{home.name}.log"
    with log.open("a") as stderr:
        process = subprocess.Popen(
            [*GREFFE, "serve", *words, "--home", str(home), *ports],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    lines = [process.stdout.readline().rstrip("\n") for _ in range(services)]
    assert all(lines), log.read_text()
    return Node(home=home, domain=domain, process=process, lines=lines, log=log)


@contextmanager
def serving(home, *words, **options):
    node = start(home, *words, **options)
    try:
        yield node
    finally:
        if node.process.poll() is None:
            node.stop()


def descendants(pid):
    """Return the processes that come from a process, itself not included."""
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                stat = (folder / "stat").read_text()
            except OSError:
                continue
            state, parent = stat.rpartition(")")[2].split()[:2]
            if state != "Z":
                parents[int(folder.name)] = int(parent)
    found, wave = set(), {pid}
    while wave:
        wave = {child for child, parent in parents.items() if parent in wave} - found
        found |= wave
    return found


def becomes_true(question, seconds=20):
    """Ask until the answer is yes; the time is a bound for failure, not a wait."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if question():
            return True
        time.sleep(0.05)
    return question()


def is_alive(pid):
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
