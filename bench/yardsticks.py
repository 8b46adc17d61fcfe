"""What the numbers are held against, measured in the same run on the same disk.

- a fsynced file plus a one-row commit: what must be done at least for a document to be kept;
- raw SQL plus the same bytes from the same server: what must be done at least for a query;
- nginx serving the file, where nginx is installed, a bare sendfile loop elsewhere.
"""

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from bench.process import Server, free_port

NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1; {user}
events {{ worker_connections 64; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; root {folder}; }}
}}
"""


def stored_seconds(folder: Path, content: bytes, times: int) -> float:
    """Return seconds for one fsynced file of this content plus a one-row commit (WAL, FULL)."""
    folder.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(folder / "yardstick.db", isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        database.execute(f"PRAGMA {pragma}")
    database.execute("CREATE TABLE IF NOT EXISTS t (name TEXT PRIMARY KEY, size INTEGER)")
    started = time.perf_counter()
    for _ in range(times):
        name = os.urandom(16).hex()
        descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
        os.close(descriptor)
        database.execute("INSERT INTO t VALUES (?, ?)", (name, len(content)))
    elapsed = time.perf_counter() - started
    database.close()
    shutil.rmtree(folder)
    return elapsed / times


def file_server(folder: Path) -> tuple[str, str, Callable[[], None]]:
    """Serve a folder; return what serves it, its URL without a path, and how to stop it."""
    nginx = shutil.which("nginx")
    if nginx is None:
        return _sendfile_loop(folder)
    port = free_port()
    user = "user root;" if os.geteuid() == 0 else ""
    configuration = folder / "nginx.conf"
    configuration.write_text(NGINX.format(folder=folder, port=port, user=user), encoding="utf-8")
    process = subprocess.Popen([nginx, "-c", str(configuration)], text=True)
    server = Server(process, "nginx")
    server.own(port)
    return "nginx", f"http://127.0.0.1:{port}", server.stop


def sql_server(database: Path) -> tuple[str, Server]:
    """Serve `bench.yardstick_app` over this ledger with the server that the node uses."""
    port = free_port()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "1"),
            *("--worker-class", "gthread", "--threads", "8", "--log-level", "error"),
            *("--keep-alive", "60", "bench.yardstick_app:app"),
        ],
        env={**os.environ, "BENCH_LEDGER": str(database)},
        text=True,
    )
    server = Server(process, "the yardstick server")
    server.own(port)
    return f"http://127.0.0.1:{port}", server


def _sendfile_loop(folder: Path) -> tuple[str, str, Callable[[], None]]:
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                while head := connection.recv(65536):
                    path = folder / head.split()[1].decode().lstrip("/")
                    with path.open("rb") as file:
                        size = path.stat().st_size
                        connection.sendall(
                            f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode()
                        )
                        connection.sendfile(file)

    threading.Thread(target=serve, daemon=True).start()
    return "sendfile", f"http://127.0.0.1:{listener.getsockname()[1]}", listener.close
