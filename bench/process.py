"""Processes that the bench starts: a free port, proof that the listener is ours, peak memory.

A number measured against somebody else's server is worse than none, so every port is checked to be
held by the process that was started for it.
"""

import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

START_SECONDS = 30


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True)
class Server:
    """A started server and its children."""

    process: subprocess.Popen[str]
    name: str

    def own(self, port: int) -> None:
        """Wait until this process tree listens on the port; stop the bench when another does."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise SystemExit(f"bench: {self.name} ended with {self.process.returncode}")
            if port in self._ports():
                return
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0 and port not in self._ports():
                    raise SystemExit(f"bench: port {port} is not held by {self.name}")
            time.sleep(0.02)
        raise SystemExit(f"bench: {self.name} did not listen on port {port}")

    def forget_peak(self) -> None:
        """Start a new measurement of peak memory. Linux: proc(5), clear_refs."""
        for process in self._tree():
            Path(f"/proc/{process.pid}/clear_refs").write_text("5", encoding="ascii")

    def peak_octets(self) -> int:
        """Return the peak resident memory of the largest process of the tree."""
        return max((_high_water(p.pid) for p in self._tree()), default=0)

    def stop(self) -> None:
        """Ask it to end, and wait."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()

    def _tree(self) -> list[psutil.Process]:
        try:
            root = psutil.Process(self.process.pid)
            return [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def _ports(self) -> set[int]:
        ports = set()
        for process in self._tree():
            for connection in process.net_connections("tcp"):
                if connection.status == psutil.CONN_LISTEN:
                    ports.add(connection.laddr.port)
        return ports


def _high_water(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:  # it has ended
        return 0
    marked = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(marked[0].split()[1]) * 1024 if marked else 0
