"""MLLP over real sockets: many senders, slow ones, hostile ones, TLS, a drained stop."""

import contextlib
import datetime as dt
import itertools
import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hl7.client import MLLPClient

from greffe.home import make_home
from greffe.node.mllp import Limits, Listening, MllpServer, listen
from greffe.node.server import StartError, bind
from tests.registry.iti8_patient_feed.build import adt
from xds.settings import load_settings

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
LIMITS = Limits(
    message_octets=64 * 1024, idle_seconds=20, message_seconds=20, connections=64, threads=4
)


class Feed:
    """A feed that notes what came; answers may be held back until the test lets them go."""

    def __init__(self):
        self.came = []
        self.go = threading.Event()
        self.go.set()
        self.begun = threading.Event()

    def answer(self, octets, sender):
        self.came.append((octets, sender))
        self.begun.set()
        self.go.wait(20)
        return b"MSH|^~\\&|\rMSA|AA|%d\r" % len(octets)

    def too_long(self, head, limit, sender):
        return b"MSH|^~\\&|\rMSA|AE|too long\r"


class Running:
    def __init__(self, limits=LIMITS, tls=None):
        self.feed = Feed()
        listening = Listening(listener=bind("127.0.0.1", 0), tls=tls, limits=limits)
        self.port = int(listening.address.rpartition(":")[2])
        self.server = MllpServer(listening, self.feed)
        self.server.start()

    def connect(self):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection


@contextlib.contextmanager
def running(**more):
    started = Running(**more)
    try:
        yield started
    finally:
        started.feed.go.set()
        started.server.stop()


def limits(**changes):
    return Limits(**{name: changes.get(name, getattr(LIMITS, name)) for name in Limits.__slots__})


def read_all(connection):
    """What comes until the other side closes."""
    came = b""
    with contextlib.suppress(ConnectionError):
        while octets := connection.recv(65536):
            came += octets
    return came


def read_acks(connection, count):
    came = b""
    while came.count(b"\x1c\r") < count:
        octets = connection.recv(65536)
        assert octets, came
        came += octets
    return came.split(b"\x1c\r")[:count]


def test_a_foreign_client_is_answered_on_one_connection_as_often_as_it_likes():
    with running() as node, MLLPClient("127.0.0.1", node.port) as client:
        for number in range(20):
            sent = adt(control_id=str(number)).decode()
            assert client.send_message(sent).startswith(b"\x0bMSH|")
    assert len(node.feed.came) == 20


def test_messages_sent_at_once_are_answered_in_order():
    with running() as node, node.connect() as connection:
        connection.sendall(b"".join(b"\x0b" + b"x" * n + b"\x1c\r" for n in (3, 2, 1)))
        acks = read_acks(connection, 3)
        assert [ack.strip()[-1:] for ack in acks] == [b"3", b"2", b"1"]


def test_a_message_in_single_octets_is_one_message():
    with running() as node, node.connect() as connection:
        for octet in b"\x0bMSH|\x1c\r":
            connection.sendall(bytes([octet]))
        read_acks(connection, 1)
    assert [octets for octets, _ in node.feed.came] == [b"MSH|"]


def test_many_senders_are_served_at_a_time():
    with running() as node:

        def send(number):
            with node.connect() as connection:
                connection.sendall(b"\x0b" + b"x" * number + b"\x1c\r")
                return read_acks(connection, 1)[0].strip().endswith(b"|%d" % number)

        with ThreadPoolExecutor(16) as pool:
            assert all(pool.map(send, range(1, 60)))


def test_idle_and_slow_senders_hold_nobody_up():
    with running() as node, contextlib.ExitStack() as idlers:
        for number in range(40):
            idler = idlers.enter_context(node.connect())
            if number % 2:
                idler.sendall(b"\x0bMSH")
        with node.connect() as connection:
            connection.sendall(b"\x0bx\x1c\r")
            read_acks(connection, 1)


def test_a_silent_connection_is_closed():
    with running(limits=limits(idle_seconds=0.2)) as node, node.connect() as connection:
        assert connection.recv(1) == b""


@pytest.mark.parametrize("begun", [b"\x0bMSH|^~", b"GET / HTTP/1.1\r\n\r\n"])
def test_a_message_that_does_not_end_in_time_is_closed_without_an_answer(begun):
    with running(limits=limits(message_seconds=0.3)) as node, node.connect() as connection:
        connection.sendall(begun)
        assert read_all(connection) == b""
    assert node.feed.came == []


def test_a_drip_does_not_prolong_a_message():
    with running(limits=limits(message_seconds=0.5)) as node, node.connect() as connection:
        connection.sendall(b"\x0b")
        began = time.monotonic()
        with contextlib.suppress(ConnectionError):
            while time.monotonic() < began + 15:
                connection.sendall(b"x")
                time.sleep(0.02)
        assert time.monotonic() < began + 10


def test_a_message_that_is_too_long_is_answered_and_the_connection_closed():
    with running(limits=limits(message_octets=1000)) as node, node.connect() as connection:
        connection.sendall(b"\x0bMSH|" + b"x" * 1000)
        assert b"MSA|AE|too long" in read_all(connection)
    assert node.feed.came == []


def test_garbage_without_end_is_closed():
    with running(limits=limits(message_octets=1000)) as node, node.connect() as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(b"x" * 2000)
        assert read_all(connection) == b""


def test_more_connections_than_allowed_are_closed_at_once():
    with (
        running(limits=limits(connections=2)) as node,
        node.connect() as first,
        node.connect() as second,
    ):
        for connection in (first, second):
            connection.sendall(b"\x0bx\x1c\r")
            read_acks(connection, 1)
        with node.connect() as third:
            assert read_all(third) == b""
        first.sendall(b"\x0bxx\x1c\r")
        read_acks(first, 1)


def test_a_sender_that_leaves_before_its_answer_harms_nobody():
    with running() as node:
        node.feed.go.clear()
        with node.connect() as connection:
            connection.sendall(b"\x0bx\x1c\r")
            assert node.feed.begun.wait(10)
        node.feed.go.set()
        with node.connect() as connection:
            connection.sendall(b"\x0bxx\x1c\r")
            read_acks(connection, 1)


def test_a_stopping_node_answers_what_it_took_and_closes_the_rest():
    with running() as node, node.connect() as idle, node.connect() as busy:
        node.feed.go.clear()
        busy.sendall(b"\x0bx\x1c\r")
        assert node.feed.begun.wait(10)
        node.server.begin_stop()
        assert idle.recv(1) == b"", "an idle connection is closed at once"
        node.feed.go.set()
        assert b"MSA|AA|1" in read_all(busy)
        node.server.stop()
        with pytest.raises(OSError, match="refused"):
            node.connect()


# -- TLS -------------------------------------------------------------------------------------------


def a_certificate(folder, name, issuer=None):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer_name, issuer_key = issuer or (subject, key)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - dt.timedelta(days=1))
        .not_valid_after(NOW + dt.timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .sign(issuer_key, hashes.SHA256())
    )
    (folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return subject, key


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pki")
    authority = a_certificate(folder, "ca")
    a_certificate(folder, "node", authority)
    a_certificate(folder, "sender", authority)
    a_certificate(folder, "stranger")
    return folder


@pytest.fixture
def home(tmp_path, pki):
    make_home(tmp_path / "home", domain="ihe", instant=NOW)
    return tmp_path / "home"


def with_mllp(home, **keys):
    file = home / "greffe.toml"
    head, table, tail = file.read_text().partition("[mllp]\n")
    lines = tail.split("\n")
    for name, value in keys.items():
        lines = [f'{name} = "{value}"' if li.startswith(f"{name} = ") else li for li in lines]
    file.write_text(head + table + "\n".join(lines))
    return load_settings(home)


def a_client(pki, name=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(pki / "ca.pem")
    if name:
        context.load_cert_chain(pki / f"{name}.pem", pki / f"{name}.key")
    return context


def test_with_mutual_tls_a_sender_is_known_by_its_certificate(home, pki):
    settings = with_mllp(
        home,
        bind_address="0.0.0.0",  # noqa: S104
        certificate=pki / "node.pem",
        key=pki / "node.key",
        client_ca=pki / "ca.pem",
    )
    listening = listen(settings, 0)
    listening.listener.close()
    with running(tls=listening.tls) as node:
        with a_client(pki, "sender").wrap_socket(node.connect()) as connection:
            connection.sendall(b"\x0bx\x1c\r")
            read_acks(connection, 1)
        assert node.feed.came[0][1].certificate_subject == "CN=sender"
        for name in (None, "stranger"):
            with contextlib.suppress(OSError), node.connect() as raw:  # noqa: SIM117
                with a_client(pki, name).wrap_socket(raw) as connection:
                    connection.sendall(b"\x0bx\x1c\r")
                    assert read_all(connection) == b""
        with node.connect() as clear:
            clear.sendall(b"\x0bx\x1c\r")
            assert b"MSA" not in read_all(clear)
    assert len(node.feed.came) == 1


@pytest.mark.parametrize("address", ["0.0.0.0", "192.0.2.1", "::"])  # noqa: S104
def test_clear_text_is_for_this_machine_only(home, address):
    settings = with_mllp(home, bind_address=address)
    with pytest.raises(StartError, match=r"clear text.*certificate, key and client_ca"):
        listen(settings, 0)


def test_a_file_that_is_missing_or_wrong_is_named(home, pki):
    for given in itertools.combinations(("certificate", "key", "client_ca"), 2):
        (missing,) = {"certificate", "key", "client_ca"} - set(given)
        settings = with_mllp(home, **dict.fromkeys(given, pki / "node.pem"))
        with pytest.raises(StartError, match=rf"\[mllp\] {missing}"):
            listen(settings, 0)
        with_mllp(home, **dict.fromkeys(given, ""))


@pytest.mark.parametrize(
    ("files", "label"),
    [
        (("node.pem", "sender.key", "ca.pem"), "certificate"),
        (("nowhere.pem", "node.key", "ca.pem"), "certificate"),
        (("node.pem", "node.key", "node.key"), "client_ca"),
    ],
)
def test_files_that_do_not_fit_are_named(home, pki, files, label):
    certificate, key, authority = (pki / name for name in files)
    settings = with_mllp(home, certificate=certificate, key=key, client_ca=authority)
    with pytest.raises(StartError, match=rf"\[mllp\] {label}"):
        listen(settings, 0)
