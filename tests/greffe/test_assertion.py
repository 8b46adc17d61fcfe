"""`greffe assertion`: what it prints is accepted, and what is invalid is printed with a warning."""

import shutil
import subprocess
import sys
from datetime import timedelta

import pytest
from lxml import etree

from dmp.vihf import profile_of
from greffe.cli import main
from tests.xds.security.build import a_request
from xds.clock import now
from xds.namespaces import SAML, SOAP, WSSE
from xds.security.caller import Caller
from xds.security.gate import Gate
from xds.security.onetime import UsesInMemory
from xds.security.writing import security_header
from xds.settings import load_settings
from xds.soap.fault import SoapFault

ORDER = [
    "--subject",
    "899900063480",
    "--role",
    "10",
    "--specialty",
    "SM26",
    "--purpose",
    "normal",
    "--structure",
    "499900063480001",
]


@pytest.fixture(scope="session")
def homes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("homes")
    for domain in ("dmp", "ihe"):
        assert main(["init", str(folder / domain), "--domain", domain]) == 0
    return folder


@pytest.fixture(params=["dmp", "ihe"])
def home(request, homes):
    return homes / request.param


@pytest.fixture
def dmp_home(homes):
    """For rules of the VIHF."""
    return homes / "dmp"


def printed(capsys, home, *more, order=ORDER):
    """What goes to stdout and stderr."""
    capsys.readouterr()
    assert main(["assertion", "--home", str(home), *order, *more]) == 0
    return capsys.readouterr()


def brought_to_the_gate(home, header, *, at=None) -> Caller | str:
    settings = load_settings(home)
    gate = Gate.from_files(
        profile=profile_of(settings.domain),
        anchors=settings.trust_anchors,
        audiences=[settings.audience],
        clock_skew_seconds=settings.clock_skew_seconds,
        one_time=UsesInMemory(),
    )
    octets = (
        f'<soap:Envelope xmlns:soap="{SOAP}"><soap:Header>'.encode()
        + header
        + b"</soap:Header><soap:Body><x/></soap:Body></soap:Envelope>"
    )
    try:
        return gate.authenticate(a_request(octets), "urn:x", at or now())
    except SoapFault as fault:
        return fault.reason


def test_the_header_is_what_a_message_needs(capsys, home):
    out, err = printed(capsys, home, "--header")
    assert err == ""
    assert etree.fromstring(out).tag == f"{{{WSSE}}}Security"
    assert brought_to_the_gate(home, out.strip().encode()).identity == "899900063480"


def test_without_header_the_assertion_alone_is_printed(capsys, home):
    out, _ = printed(capsys, home)
    assert etree.fromstring(out).tag == f"{{{SAML}}}Assertion"
    caller = brought_to_the_gate(home, security_header(out.strip().encode()))
    assert caller.identity == "899900063480"


def test_every_flag_reaches_the_caller(capsys, home):
    out, _ = printed(
        capsys,
        home,
        "--header",
        *("--purpose", "bris_de_glace", "--reason", "urgence vitale", "--name", "Ada LAMBERT"),
        *("--patient", "207058575627097^^^&1.2.250.1.213.1.4.10&ISO^NH"),
        *("--mode", "indirect_renforcee", "--lifetime", "600"),
    )
    caller = brought_to_the_gate(home, out.strip().encode())
    assert caller.emergency_reason == "urgence vitale"
    assert caller.name == "Ada LAMBERT"
    assert caller.patient_concerned == "207058575627097^^^&1.2.250.1.213.1.4.10&ISO^NH"
    assert caller.structure == "499900063480001"
    assert [r.code for r in caller.roles] == ["10", "SM26"]
    if home.name == "dmp":
        assert caller.purpose_of_use.code == "bris_de_glace"
        assert caller.authentication_mode == "indirect_renforcee"


@pytest.mark.parametrize("mode", ["direct", "indirect", "indirect_renforcee"])
def test_every_mode_is_valid_by_default(capsys, dmp_home, mode):
    out, err = printed(capsys, dmp_home, "--header", "--mode", mode)
    assert err == ""
    assert brought_to_the_gate(dmp_home, out.strip().encode()).authentication_mode == mode


@pytest.mark.parametrize(
    ("role", "specialty"), [("21", "D"), ("60", None), ("SECRETARIAT_MEDICAL", None)]
)
def test_code_systems_are_known_for_the_roles_of_the_field(capsys, dmp_home, role, specialty):
    order = f"--subject 1 --role {role} --purpose normal --structure 1".split()
    more = ["--specialty", specialty] if specialty else []
    out, err = printed(capsys, dmp_home, "--header", *more, order=order)
    assert err == ""
    assert brought_to_the_gate(dmp_home, out.strip().encode()).roles[0].code == role


def test_conditions_are_written_only_when_asked_for_in_a_vihf(capsys, dmp_home):
    assert "Conditions" not in printed(capsys, dmp_home).out
    assert "NotOnOrAfter" in printed(capsys, dmp_home, "--lifetime", "60").out


def test_one_time_use_is_written(capsys, home):
    assert "OneTimeUse" in printed(capsys, home, "--one-time-use").out


def test_the_audience_can_be_another(capsys, home):
    out, err = printed(capsys, home, "--header", "--audience", "urn:elsewhere")
    assert "another audience" in brought_to_the_gate(home, out.strip().encode())
    assert "another audience" in err


def test_the_time_can_be_another(capsys, home):
    out, err = printed(capsys, home, "--header", "--issued-at", "2026-01-31T08:00:00+01:00")
    assert 'IssueInstant="2026-01-31T07:00:00Z"' in out
    assert "expired" in err


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        (["--lifetime", "-5"], "before they begin"),
        (["--lifetime", "0"], "before they begin"),
        (["--patient", "207"], "no CX"),
        (["--reason", "because"], "purpose is normal"),
    ],
)
def test_what_is_invalid_is_printed_with_a_warning(capsys, home, flags, word):
    out, err = printed(capsys, home, *flags)
    assert etree.fromstring(out).tag == f"{{{SAML}}}Assertion"
    assert "warning" in err
    assert word in err


def test_breaking_the_glass_without_a_reason_is_printed_with_a_warning(capsys, dmp_home):
    _, err = printed(capsys, dmp_home, "--purpose", "bris_de_glace")
    assert "asks for --reason in mode bris_de_glace" in err
    assert printed(capsys, dmp_home, "--purpose", "centre_15")[1] == ""


@pytest.mark.parametrize(
    ("order", "word"),
    [
        ("--subject 1 --role 10^1.2.3 --purpose normal --structure 1", "no profession"),
        ("--subject 1 --role 10 --purpose normal --structure 1", "No specialty"),
        ("--subject 1 --role 21 --specialty SM26 --purpose normal --structure 1", "does not fit"),
    ],
)
def test_a_role_that_a_dmp_refuses_is_printed_with_a_warning(capsys, dmp_home, order, word):
    out, err = printed(capsys, dmp_home, order=order.split())
    assert "saml:Assertion" in out
    assert word in err


def test_an_old_assertion_is_refused_by_what_reads_it_later(capsys, home):
    out, _ = printed(capsys, home, "--header", "--lifetime", "10")
    later = now() + timedelta(seconds=100)
    assert "expired" in brought_to_the_gate(home, out.strip().encode(), at=later)


@pytest.mark.parametrize("time", ["yesterday", "2026-01-31", ""])
def test_a_time_that_is_none_is_a_wrong_command_line(capsys, home, time):
    code = main(["assertion", "--home", str(home), *ORDER, "--issued-at", time])
    out, err = capsys.readouterr()
    assert code == 2
    assert out == ""
    assert "--issued-at" in err


def test_what_xml_cannot_carry_is_a_wrong_command_line(capsys, home):
    assert main(["assertion", "--home", str(home), *ORDER, "--name", "a\x01b"]) == 2
    assert capsys.readouterr().out == ""


def test_a_home_that_is_none_is_named(capsys, tmp_path):
    assert main(["assertion", "--home", str(tmp_path), *ORDER]) == 2
    assert str(tmp_path) in capsys.readouterr().err


def test_a_home_without_its_key_is_named(capsys, home, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(home, copy)
    (copy / "pki" / "signer.key").unlink()
    assert main(["assertion", "--home", str(copy), *ORDER]) == 2
    assert "signer.key" in capsys.readouterr().err


def test_as_a_program_stdout_is_the_assertion_and_nothing_else(home):
    done = subprocess.run(
        [sys.executable, "-m", "greffe", "assertion", "--home", str(home), *ORDER],
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert etree.fromstring(done.stdout).tag == f"{{{SAML}}}Assertion"
    assert done.stderr == b""
