"""A real rsyslogd (Debian, GnuTLS) as audit server: mutual TLS, one line of a file a message."""

import shutil
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

CONFIGURATION = """
global(
  workDirectory="{folder}" maxMessageSize="8m" processInternalMessages="on"
  defaultNetstreamDriver="gtls" defaultNetstreamDriverCAFile="{ca}"
  defaultNetstreamDriverCertFile="{certificate}" defaultNetstreamDriverKeyFile="{key}"
)
module(
  load="imtcp" maxFrameSize="9000000"
  streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="x509/certvalid"
)
input(type="imtcp" address="127.0.0.1" port="{port}" listenPortFileName="{folder}/port")
template(name="raw" type="string" string="%rawmsg%\\n")
if $msg contains "AuditMessage" then action(type="omfile" file="{folder}/received" template="raw")
action(type="omfile" file="{folder}/other")
"""


def need_rsyslog():
    """Skip where rsyslogd or its TLS is absent; a failure under `.ci/run`."""
    if not (shutil.which("rsyslogd") or Path("/usr/sbin/rsyslogd").exists()):
        pytest.skip("the program rsyslogd is not installed")
    if not list(Path("/usr/lib").glob("*/rsyslog/lmnsd_gtls.so")):
        pytest.skip("rsyslogd has no GnuTLS driver (rsyslog-gnutls is not installed)")


class Rsyslog:
    """A server that can be stopped, killed and started again on the same port."""

    def __init__(self, folder, authority):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = 0
        self._files = authority.leaf("rsyslog")
        self._authority = authority
        self._process = None

    def start(self):
        text = CONFIGURATION.format(
            folder=self.folder,
            ca=self._authority.ca,
            certificate=self._files[0],
            key=self._files[1],
            port=self.port,
        )
        (self.folder / "rsyslog.conf").write_text(text)
        program = shutil.which("rsyslogd") or "/usr/sbin/rsyslogd"
        self._process = subprocess.Popen(
            [program, "-n", "-f", self.folder / "rsyslog.conf", "-i", self.folder / "pid"]
        )
        if not self.port:
            file = self.folder / "port"
            self._until(lambda: file.exists() and file.read_text())
            self.port = int(file.read_text())

    def stop(self, number=signal.SIGTERM):
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(30)
            self._process = None
            (self.folder / "pid").unlink(missing_ok=True)

    @property
    def received(self):
        """The messages as they came, without their frames."""
        file = self.folder / "received"
        return file.read_bytes().splitlines() if file.exists() else []

    def wait(self, until, seconds=30):
        """Return what was received when `until` holds of it."""
        self._until(lambda: until(self.received), seconds)
        return self.received

    def _until(self, holds, seconds=30):
        end = time.monotonic() + seconds
        while not holds():
            other = self.folder / "other"
            said = other.read_text()[-2000:] if other.exists() else ""
            assert time.monotonic() < end, f"{len(self.received)} received; {said}"
            time.sleep(0.02)


@contextmanager
def rsyslog(folder, authority):
    """Run a server; it is stopped in any case."""
    need_rsyslog()
    server = Rsyslog(folder, authority)
    server.start()
    try:
        yield server
    finally:
        server.stop(signal.SIGKILL)
