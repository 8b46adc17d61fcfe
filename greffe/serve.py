"""`greffe serve`: runs the Registry, the Repository, or both, until it is stopped.

Each service is a process of its own, with nothing shared. When both are asked for, this process
starts `greffe serve registry` and `greffe serve repository` and passes their `ready` lines on; it
ends when either ends, and neither outlives it.

Spec: none; the contract of ports, lines and exit codes is in the README.
"""

import argparse
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any, Final

from greffe.exits import CommandError, Exit
from greffe.node.death import die_with_parent
from greffe.node.lease import SERVICES, Lease, LeaseError, Service, served_at
from xds.settings import Settings, SettingsError, load_settings

STOPS: Final = (signal.SIGTERM, signal.SIGINT)
KILL_SECONDS: Final = 40
"""Longer than a service takes to let its requests end."""


def add_to(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "serve",
        help="run the Registry, the Repository, or both",
        description="Runs the services of a home until SIGTERM or Ctrl-C. As each becomes ready, "
        "one line on stdout says `ready SERVICE URL`, of a feed `ready mllp HOST:PORT`; logs go to "
        "stderr.",
        epilog="The repository registers with --registry-url, else with the registry that runs "
        "from the same home, else with registry_url of greffe.toml. The registry takes patient "
        "identities over SOAP (ITI-44) beside its own address, at /patients.",
    )
    parser.add_argument(
        "service", nargs="?", choices=SERVICES, help="only this one (both when none is named)"
    )
    parser.add_argument("--home", type=Path, required=True, help="the home folder")
    for service in SERVICES:
        parser.add_argument(
            f"--{service}-port",
            type=_port,
            metavar="N",
            help="0 takes a free one; without it, the port of greffe.toml",
        )
    parser.add_argument(
        "--mllp-port",
        type=_port,
        metavar="N",
        help="also take a patient identity feed of HL7 v2 (MLLP) on this port, 0 takes a free "
        "one; needs the registry, and is off without this",
    )
    parser.add_argument("--registry-url", metavar="URL", help="where the repository registers")
    parser.add_argument("--child-of", type=int, help=argparse.SUPPRESS)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Serve. Errors: CommandError."""
    if arguments.child_of:
        die_with_parent(arguments.child_of)
    try:
        settings = load_settings(arguments.home)
    except SettingsError as error:
        raise CommandError(str(error)) from error
    if arguments.mllp_port is not None and arguments.service == "repository":
        raise CommandError("the repository takes no patient identity feed. Fix: drop --mllp-port")
    if arguments.service is None:
        return _Family(arguments).serve()
    return _serve_one(arguments.service, arguments, settings)


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:  # noqa: PLR2004
        raise argparse.ArgumentTypeError(f"{text!r} is no port: a number from 0 to 65535")
    return int(text)


def _serve_one(service: Service, arguments: argparse.Namespace, settings: Settings) -> int:
    # Here, so that the parent of two services does not load the server's code.
    from greffe.node.opening import open_service  # noqa: PLC0415
    from greffe.node.server import (  # noqa: PLC0415
        Beside,
        Serving,
        StartError,
        bind,
        own_url,
        serve,
    )

    if service == "repository":
        registry_url = arguments.registry_url or served_at(settings.run_folder, "registry")
        settings = replace(settings, registry_url=registry_url or settings.registry_url)
    port = getattr(arguments, f"{service}_port")
    beside: Beside | None = None
    try:
        lease = Lease(settings.run_folder, service)
        listener = bind(
            settings.bind_address, getattr(settings, f"{service}_port") if port is None else port
        )
        if arguments.mllp_port is not None:
            from greffe.node.mllp import FeedBeside, listen  # noqa: PLC0415 - the registry's code

            beside = FeedBeside(listen(settings, arguments.mllp_port))
    except (LeaseError, StartError) as error:
        raise CommandError(str(error)) from error
    except OSError as error:
        raise CommandError(f"{settings.run_folder} cannot be used: {error}") from error
    url = own_url(listener, service)
    return serve(
        Serving(
            service=service,
            listener=listener,
            url=url,
            threads=settings.threads,
            head_seconds=settings.limits.first_byte_seconds,
            lease=lease,
            open_app=lambda: open_service(service, settings, url),
            beside=beside,
        )
    )


class _Family:
    """The parent of both services."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        self._children: dict[Service, subprocess.Popen[str]] = {}
        self._told = threading.Event()

    def serve(self) -> int:
        """Serve both until told to stop; returns 0, or the code of the one that failed."""
        for number in STOPS:
            signal.signal(number, self._on_stop)
        failed = 0
        registry_url = self._arguments.registry_url
        for service in SERVICES:
            line = self._start(service, self._more(service, registry_url))
            if not line:
                failed = self._children[service].wait() or Exit.USAGE
                break
            registry_url = registry_url or line.split()[2]
            if service == "registry" and self._arguments.mllp_port is not None:
                stdout: Any = self._children[service].stdout
                line += stdout.readline()
            sys.stdout.write(line)
            sys.stdout.flush()
        if not failed and not self._told.is_set():
            failed = self._wait()
        self._stop()
        return 0 if self._told.is_set() else failed

    def _more(self, service: Service, registry_url: str) -> tuple[str, ...]:
        """Return what only this service is told."""
        if service == "repository":
            return ("--registry-url", registry_url)
        port = self._arguments.mllp_port
        return () if port is None else ("--mllp-port", str(port))

    def _start(self, service: Service, more: Sequence[str]) -> str:
        """Start one service and return its `ready` line, '' when it ended instead."""
        if self._told.is_set():
            return ""
        port = getattr(self._arguments, f"{service}_port")
        command = [
            *(sys.executable, "-m", "greffe", "serve", service),
            *("--home", str(self._arguments.home), "--child-of", str(os.getpid())),
            *(() if port is None else (f"--{service}-port", str(port))),
            *more,
        ]
        # A group of its own: Ctrl-C reaches this process, which stops them in order.
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, process_group=0)
        self._children[service] = child
        if self._told.is_set():
            child.terminate()
        stdout: Any = child.stdout
        return str(stdout.readline())

    def _wait(self) -> int:
        """Wait until a service ends; returns its exit code, which is not 0 unless it was told."""
        ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        if self._told.is_set() or ended is None:
            return 0
        service = next(s for s, child in self._children.items() if child.pid == ended.si_pid)
        code = self._children[service].wait()
        sys.stderr.write(f"greffe serve: the {service} ended by itself, with code {code}\n")
        return code if code > 0 else Exit.REFUSED

    def _on_stop(self, _: int, __: FrameType | None) -> None:
        """Stop what was started last, which wakes `serve`; that stops the rest in order."""
        self._told.set()
        if self._children:
            list(self._children.values())[-1].terminate()

    def _stop(self) -> None:
        """Stop the Repository first: it may be in the middle of registering."""
        for service in reversed(SERVICES):
            child = self._children.get(service)
            if child is None:
                continue
            child.terminate()
            try:
                child.wait(KILL_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
