"""greffe.toml: what init writes is what settings read, and every mistake is named."""

import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from greffe.home import HomeError, make_home
from xds.domain import DomainError
from xds.limits import Limits
from xds.settings import SettingsError, load_settings

INSTANT = datetime(2026, 1, 31, 8, tzinfo=UTC)


@pytest.fixture
def home(tmp_path):
    make_home(tmp_path / "home", domain="ihe", instant=INSTANT)
    return tmp_path / "home"


def edit(home, old, new):
    file = home / "greffe.toml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


@pytest.mark.parametrize("domain", ["ihe", "dmp"])
def test_a_new_home_is_read_as_it_was_meant(tmp_path, domain):
    make_home(tmp_path / "home", domain=domain, instant=INSTANT)
    settings = load_settings(tmp_path / "home")
    assert settings.domain.name == domain
    assert settings.limits == Limits()
    assert re.fullmatch(r"2\.25\.[1-9][0-9]{10,38}", settings.repository_unique_id)
    for path in (*settings.trust_anchors, settings.repository_certificate, settings.repository_key):
        assert path.is_file()
    assert settings.database_url == f"sqlite:///{tmp_path}/home/registry/ledger.db"
    assert settings.vault_folder.is_dir()


def test_what_the_file_shows_is_what_holds_when_a_key_is_left_out(home):
    shown = load_settings(home)
    required = ("domain", "audience", "repository_unique_id", "registry_url")
    lines = (home / "greffe.toml").read_text().splitlines()
    kept = [line for line in lines if line.startswith(required)]
    (home / "greffe.toml").write_text("\n".join(kept))
    assert load_settings(home) == shown


def test_every_key_is_explained(home):
    text = (home / "greffe.toml").read_text()
    blocks = [b for b in text.split("\n\n") if "=" in b]
    assert [b for b in blocks if "#" not in b] == []


@pytest.mark.parametrize("key", ["domain", "audience", "repository_unique_id", "registry_url"])
def test_a_required_key_that_is_missing_is_named(home, key):
    text = (home / "greffe.toml").read_text()
    (home / "greffe.toml").write_text(re.sub(rf"(?m)^{key} = .*$", "", text))
    with pytest.raises(SettingsError, match=f"key {key} is missing"):
        load_settings(home)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('domain = "ihe"', 'domain = "atlantis"', "atlantis"),
        ('domain = "ihe"', "domain = 5", "expected a text"),
        ('repository_unique_id = "2', 'repository_unique_id = "x', "expected an OID"),
        ('"http://127.0.0.1:8080/registry"', '"127.0.0.1"', "expected an address"),
        ('"sqlite:///registry/ledger.db"', '"mysql://x"', "expected sqlite"),
        ('second_leg = "vouch"', 'second_leg = "guess"', '"vouch" or "forward"'),
        ("bind_signer = false", "bind_signer = 1", "true or false"),
        ("clock_skew_seconds = 60", "clock_skew_seconds = -1", "from 0 to 3600"),
        ('bind_address = "127.0.0.1"', 'bind_address = "localhost"', "IP address"),
        ("registry_port = 8080", "registry_port = 65536", "from 0 to 65535"),
        ('anchors = ["pki/ca.pem"]', 'anchors = "pki/ca.pem"', "list of files"),
        ("reply_to_hosts = []", "reply_to_hosts = [1]", "list of texts"),
        ("depth = 100", "depth = 0", "above 0"),
        ("depth = 100", "dept = 100", "did you mean depth"),
        ("[trust]", "[turst]", "turst"),
        ("threads = 16", "[threads]", "threads"),
    ],
)
def test_a_wrong_value_is_said_with_file_and_key(home, old, new, said):
    edit(home, old, new)
    with pytest.raises(SettingsError) as caught:
        load_settings(home)
    assert said in str(caught.value)
    assert "greffe.toml" in str(caught.value)


def test_keys_are_for_their_owner_alone(home):
    modes = {p.name: p.stat().st_mode & 0o777 for p in (home / "pki").iterdir()}
    assert modes["signer.key"] == modes["repository.key"] == 0o600


def test_a_folder_that_is_not_empty_is_left_as_it_is(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(HomeError, match="not empty"):
        make_home(tmp_path, domain="ihe", instant=INSTANT)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]
    with pytest.raises(HomeError, match="is a file"):
        make_home(tmp_path / "mine.txt", domain="ihe", instant=INSTANT)


def test_an_unknown_domain_makes_no_home(tmp_path):
    with pytest.raises(DomainError):
        make_home(tmp_path / "home", domain="atlantis", instant=INSTANT)
    assert not (tmp_path / "home").exists()


def test_two_homes_have_different_repositories(tmp_path):
    ids = set()
    for name in ("a", "b"):
        make_home(tmp_path / name, domain="ihe", instant=INSTANT)
        text = Path(tmp_path / name / "greffe.toml").read_text()
        ids.add(tomllib.loads(text)["repository_unique_id"])
    assert len(ids) == 2
