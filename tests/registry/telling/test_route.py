"""[mail] of greffe.toml: checked whole at the start; encrypted and authenticated for real."""

import pytest

from greffe.home import make_home
from registry.ledger.letters import State
from registry.ledger.sql import open_ledger
from registry.telling.opening import open_telling
from registry.telling.route import MailError, route_of
from tests.build.mail import a_mail_server, server_context
from tests.build.tls import Authority
from tests.registry.telling.build import INSTANT, WHEN, Hands, a_letter
from xds.settings import SettingsError, load_settings

SENDER = "Dossier partagé <no-reply@greffe.test>"


@pytest.fixture
def home(tmp_path):
    make_home(tmp_path / "home", domain="ihe", instant=INSTANT)
    return tmp_path / "home"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("pki"))


def with_mail(home, **keys):
    """Settings whose [mail] has these keys in place of what init wrote."""
    file = home / "greffe.toml"
    head, _, rest = file.read_text().partition("[mail]\n")
    _, mark, tail = rest.partition("[limits]")
    lines = [
        f"{k.removesuffix('_')} = {v if isinstance(v, int) else repr(str(v))}"
        for k, v in keys.items()
    ]
    file.write_text("\n".join([f"{head}[mail]", *lines, mark + tail]))
    return load_settings(home)


def test_without_a_host_nobody_is_told_by_mail(home):
    assert route_of(load_settings(home)) is None


def test_everything_that_the_settings_say_is_in_the_route(home):
    (home / "password").write_text("s3cret\n")
    route = route_of(
        with_mail(
            home,
            host="mail.example.org",
            port=2525,
            user="greffe",
            password_file="password",
            from_=SENDER,
            contact="01 23 45 67 89",
            time_zone="UTC",
            timeout_seconds=5,
        )
    )
    assert (route.host, route.port, route.tls) == ("mail.example.org", 2525, "starttls")
    assert (route.user, route.password(), route.timeout_seconds) == ("greffe", "s3cret", 5)
    assert (route.style.sender.addr_spec, route.style.sender.display_name) == (
        "no-reply@greffe.test",
        "Dossier partagé",
    )
    assert route.style.contact == "01 23 45 67 89"
    assert "s3cret" not in repr(route)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"host": "mail.example.org", "tls": "none", "from_": SENDER}, 'tls is "none"'),
        ({"host": "10.0.0.1", "tls": "none", "from_": SENDER}, 'tls is "none"'),
        ({"host": "mail.example.org"}, "from is ''"),
        ({"host": "mail.example.org", "from_": "nobody"}, "from is 'nobody'"),
        ({"host": "mail.example.org", "from_": "a@b.org, c@d.org"}, "from is"),
        ({"host": "mail.example.org", "from_": SENDER, "user": "x"}, "belong together"),
        ({"host": "mail.example.org", "from_": SENDER, "password_file": "x"}, "belong together"),
        (
            {"host": "m.org", "from_": SENDER, "user": "x", "password_file": "nowhere"},
            "password_file .*nowhere cannot be used",
        ),
        ({"host": "m.org", "from_": SENDER, "ca_file": "nowhere.pem"}, "ca_file .*nowhere.pem"),
        ({"host": "m.org", "from_": SENDER, "ca_file": "greffe.toml"}, "ca_file .*greffe.toml"),
    ],
)
def test_what_cannot_be_used_is_said_with_its_key(home, keys, said):
    settings = with_mail(home, **keys)
    with pytest.raises(MailError, match=said):
        route_of(settings)


def test_a_password_that_smtp_cannot_say_is_refused_and_not_quoted(home):
    (home / "password").write_text("s3cret-é\n")
    settings = with_mail(home, host="m.org", from_=SENDER, user="x", password_file="password")
    with pytest.raises(MailError, match="ASCII") as raised:
        route_of(settings)
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"tls": "maybe"}, '"starttls", "tls" or "none"'),
        ({"port": 0}, "from 1 to 65535"),
        ({"time_zone": "Mars/Olympus"}, "time zone"),
        ({"time_zone": "../../etc/passwd"}, "time zone"),
        ({"hots": "x"}, "did you mean host"),
    ],
)
def test_a_key_of_another_shape_is_refused(home, keys, said):
    with pytest.raises(SettingsError, match=said):
        with_mail(home, **keys)


def send(home, **keys):
    """Queue a letter and let the sender that the settings describe take its turn."""
    settings = with_mail(home, from_=SENDER, timeout_seconds=5, **keys)
    ledger = open_ledger(settings.database_url)
    _, sender = open_telling(settings, ledger, professions={}, clock=Hands())
    try:
        ledger.letters.queue([a_letter()], WHEN)
        sender.turn()
        return ledger.letters.all()[0]
    finally:
        sender.stop()
        ledger.close()


@pytest.mark.parametrize("tls", ["starttls", "tls"])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_letter_goes_encrypted_to_the_server_that_the_authority_knows(home, authority, tls, host):
    context = server_context(*authority.leaf("mail"))
    with a_mail_server(**{tls: context}) as server:
        sent = send(home, host=host, port=server.port, tls=tls, ca_file=authority.ca)
        assert sent.state is State.SENT, sent.problem
        assert server.peers_were_encrypted == [True]


@pytest.mark.parametrize("tls", ["starttls", "tls"])
@pytest.mark.parametrize(
    "wrong", [{"hosts": ("other.example.org",)}, {"expired": True}, {"stranger": True}]
)
def test_a_server_that_is_not_the_one_meant_gets_nothing(home, authority, tmp_path, tls, wrong):
    wrong = dict(wrong)
    issuer = Authority(tmp_path / "other") if wrong.pop("stranger", False) else authority
    context = server_context(*issuer.leaf("wrong", **wrong))
    with a_mail_server(**{tls: context}) as server:
        kept = send(home, host="localhost", port=server.port, tls=tls, ca_file=authority.ca)
        assert kept.state is State.QUEUED
        assert "CERTIFICATE_VERIFY_FAILED" in kept.problem
        assert server.messages == []


def test_a_server_without_starttls_gets_nothing(home, authority):
    with a_mail_server() as server:
        kept = send(home, host="localhost", port=server.port, ca_file=authority.ca)
        assert kept.state is State.QUEUED
        assert "STARTTLS" in kept.problem
        assert server.messages == []


@pytest.mark.parametrize("is_right", [True, False])
def test_who_we_are_is_proved_with_the_password_of_the_file(home, authority, is_right):
    (home / "password").write_text("s3cret\n" if is_right else "wrong\n")
    context = server_context(*authority.leaf("mail"))
    with a_mail_server(starttls=context, user="greffe", password="s3cret") as server:
        sent = send(
            home,
            host="localhost",
            port=server.port,
            ca_file=authority.ca,
            user="greffe",
            password_file="password",
        )
        assert len(server.messages) == int(is_right)
    if not is_right:
        assert sent.state is State.QUEUED
        assert sent.problem.startswith("535")
        assert "wrong" not in sent.problem
