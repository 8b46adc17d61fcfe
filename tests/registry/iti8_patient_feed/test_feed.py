"""The feed's answers: what is accepted, what is refused and why, what is traced."""

from datetime import UTC, datetime
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dmp.ins import CHECKS
from registry.iti8_patient_feed.er7 import CHARSETS
from registry.iti8_patient_feed.handle import PatientFeed, Sender
from registry.ledger.api import LedgerBusyError, LedgerFullError
from registry.patients.change import Patients
from tests.build.submission import OPEN_DOMAIN, OTHER_PATIENT, PATIENT, a_submission
from tests.registry.build import STRANGER
from tests.registry.iti8_patient_feed.build import Ack, a_merge, adt
from xds.domain import AffinityDomain, Authority, load_domain

INSTANT = datetime(2026, 5, 1, 10, 0, 0, tzinfo=UTC)
SENDER = Sender(peer="127.0.0.1")
XAD = "1.3.6.1.4.1.21367.2005.3.7"


class Memory:
    """A trail that keeps what it is told."""

    def __init__(self) -> None:
        self.events = []

    def record(self, event) -> None:
        self.events.append(event)


class Full:
    """A trail whose disk is full."""

    def record(self, event) -> None:
        raise OSError(28, "No space left on device")


class Trouble:
    """A ledger that fails."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def write(self, wanted, work):
        raise self.error


def a_domain(*authorities: Authority) -> AffinityDomain:
    return AffinityDomain(
        name="narrow",
        title="narrow",
        authorities=MappingProxyType({a.oid: a for a in authorities}),
        assertion_profile="xua",
        access="any-trusted",
        value_sets=MappingProxyType({}),
    )


def feed_over(ledger, domain=OPEN_DOMAIN, trail=None) -> PatientFeed:
    return PatientFeed(
        patients=Patients(ledger=ledger, domain=domain, identifier_checks=CHECKS),
        trail=trail or Memory(),
        clock=lambda: INSTANT,
        new_control_id=lambda: "OWN-1",
    )


@pytest.fixture
def feed(registry):
    return feed_over(registry.ledger)


@pytest.fixture
def small(sqlite_registry):
    return feed_over(sqlite_registry.ledger)


def answer(feed: PatientFeed, octets: bytes, sender: Sender = SENDER) -> Ack:
    return Ack(feed.answer(octets, sender))


def known(feed: PatientFeed) -> set[str]:
    return {p.patient_id for p in feed.patients.ledger.patients() if not p.merged_into}


# -- what is accepted ------------------------------------------------------------------------------


@pytest.mark.parametrize("event", ["A01", "A04", "A05"])
def test_an_admission_makes_a_patient_known(feed, registry, event):
    ack = answer(feed, adt(event, STRANGER, control_id="0815", structure="ADT_A01"))
    assert (ack.code, ack.of, ack.errors) == ("AA", "0815", [])
    registry.registered(*a_submission(patient=STRANGER))
    assert answer(feed, adt(event, STRANGER)).code == "AA", "a message that comes again"


def test_a08_is_ignored_whomever_it_is_about(small):
    before = known(small)
    for pid in (STRANGER, "X^^^&1.2&GUID", ""):
        assert answer(small, adt("A08", pid)).code == "AA"
    assert known(small) == before


def test_a40_merges(feed, registry):
    registry.registered(*a_submission())
    assert answer(feed, a_merge()).code == "AA"
    assert len(registry.find(OTHER_PATIENT).objects) == 1
    assert registry.find(PATIENT).objects == ()
    assert "XDSUnknownPatientId" in registry.register(*a_submission()).codes


def test_the_answer_goes_back_to_its_sender_in_its_version(small):
    ack = answer(small, adt(version="2.5", structure="ADT_A01"))
    header = ack.message.segment("MSH")
    assert [str(header[n]) for n in (3, 4, 5, 6)] == ["GREFFE", "REGION", "PAS", "CHU"]
    assert [str(header[n]) for n in (7, 9, 10, 11, 12)] == [
        "20260501100000+0000",
        "ACK^A01^ACK",
        "OWN-1",
        "P",
        "2.5",
    ]
    old = answer(small, adt()).message.segment("MSH")
    assert [str(old[n]) for n in (9, 12)] == ["ACK^A01", "2.3.1"]


def test_other_delimiters_and_escapes_are_the_message_s_own(small):
    octets = (
        b"MSH#*!$%#PAS#CHU#GREFFE#REGION#2026##ADT*A01#7#P#2.3.1\r"
        b"EVN#A01#2026\r"
        b"PID###A$S$B$F$C|^***%" + XAD.encode() + b"%ISO!OTHER***%1.2.3%ISO\r"
    )
    ack = small.answer(octets, SENDER)
    assert ack.startswith(b"MSH#*!$%#GREFFE#REGION#PAS#CHU#")
    assert b"\rMSA#AA#7\r" in ack
    assert f"A*B#C\\F\\\\S\\^^^&{XAD}&ISO" in known(small)


def test_line_feeds_end_segments_too(small):
    assert answer(small, adt(pid=STRANGER).replace(b"\r", b"\r\n")).code == "AA"
    assert answer(small, adt(pid=STRANGER).replace(b"\r", b"\n")).code == "AA"


@pytest.mark.parametrize("charset", sorted(CHARSETS))
def test_a_message_is_read_in_the_character_set_that_it_declares(small, charset):
    letter = (
        "A"
        if CHARSETS[charset] == "ascii"
        else bytes([0xE1]).decode(CHARSETS[charset] if CHARSETS[charset] != "utf-8" else "latin-1")
    )
    text = adt(pid="@^^^&1.2.3&ISO", charset=charset).decode().replace("@", letter)
    assert answer(small, text.encode(CHARSETS[charset])).code == "AA"
    assert f"{letter}^^^&1.2.3&ISO" in known(small)


def test_names_in_an_undeclared_character_set_harm_nobody(small):
    octets = adt(pid=STRANGER).replace(b"Jeanne", b"Zo\xeb")
    assert answer(small, octets).code == "AA"


def test_only_identifiers_of_the_domain_are_kept(sqlite_registry):
    feed = feed_over(sqlite_registry.ledger, a_domain(Authority(oid="1.2.3", namespace="OURS")))
    before = known(feed)
    pid = "IPP1^^^CHU^PI~X1^^^&1.2.3&ISO~X1^^^OURS&1.2.3&ISO^MR~Z^^^&1.2.4&ISO~G^^^&{guid}&GUID"
    assert answer(feed, adt(pid=pid)).code == "AA"
    assert known(feed) - before == {"X1^^^&1.2.3&ISO"}


@pytest.mark.parametrize("pid", ["X1", "X1^^^", "X1^^^CHU", "X1^^^&1.2.3", "X1^^^CHU&1.2.3&ISO"])
def test_what_a_sender_leaves_out_of_the_authority_is_filled_in(sqlite_registry, pid):
    feed = feed_over(sqlite_registry.ledger, a_domain(Authority(oid="1.2.3")))
    assert answer(feed, adt(pid=pid)).code == "AA"
    assert "X1^^^&1.2.3&ISO" in known(feed)


def test_a_namespace_names_one_of_several_authorities(sqlite_registry):
    domain = a_domain(
        Authority(oid="1.2.3", namespace="OURS"), Authority(oid="1.2.4", namespace="ALSO")
    )
    feed = feed_over(sqlite_registry.ledger, domain)
    assert answer(feed, adt(pid="X1^^^ALSO")).code == "AA"
    assert "X1^^^&1.2.4&ISO" in known(feed)


def test_a_merge_takes_the_identifier_of_the_same_authority(sqlite_registry):
    domain = a_domain(Authority(oid="1.2.3"), Authority(oid="1.2.4"))
    feed = feed_over(sqlite_registry.ledger, domain)
    both = "N^^^&1.2.3&ISO~N^^^&1.2.4&ISO"
    assert answer(feed, adt(pid=both)).code == "AA"
    assert answer(feed, adt(pid="O^^^&1.2.4&ISO")).code == "AA"
    assert answer(feed, a_merge(both, "L^^^&1.9&ISO~O^^^&1.2.4&ISO")).code == "AA"
    merged = {p.patient_id: p.merged_into for p in feed.patients.ledger.patients()}
    assert merged["O^^^&1.2.4&ISO"] == "N^^^&1.2.4&ISO"


# -- what is refused -------------------------------------------------------------------------------

REFUSED = {
    "no MSH": (b"PID|||X^^^&1.2&ISO\r", "AE", [("MSH^1", "100", "E")]),
    "nothing": (b"", "AE", [("MSH^1", "100", "E")]),
    "delimiters that are letters": (
        adt().replace(b"^~\\&", b"ABCD", 1),
        "AE",
        [("MSH^1^2^1", "102", "E")],
    ),
    "delimiters that are the same": (
        adt().replace(b"^~\\&", b"^^\\&", 1),
        "AE",
        [("MSH^1^2^1", "102", "E")],
    ),
    "a character set that nobody has": (
        adt(charset="EBCDIC"),
        "AE",
        [("MSH^1^18^1", "103", "E")],
    ),
    "octets that the character set has not": (
        adt(charset="UNICODE UTF-8").replace(b"Jeanne", b"\xff"),
        "AE",
        [("MSH^1^18^1", "102", "E")],
    ),
    "an identifier in an undeclared character set": (
        adt(pid="Zo\xeb^^^&1.2.3&ISO"),
        "AE",
        [("MSH^1^18^1", "102", "E")],
    ),
    "a segment without a name": (adt(more=("pv1|x",)), "AE", [("", "100", "E")]),
    "another message type": (
        adt().replace(b"ADT^A01", b"ORU^R01"),
        "AR",
        [("MSH^1^9^1^1", "200", "E")],
    ),
    "another event": (adt("A03"), "AR", [("MSH^1^9^1^2", "201", "E")]),
    "no message type": (adt().replace(b"ADT^A01", b""), "AE", [("MSH^1^9^1^1", "101", "E")]),
    "no control id": (adt(control_id=""), "AE", [("MSH^1^10^1", "101", "E")]),
    "another processing id": (
        adt().replace(b"|P|2.3.1", b"|X|2.3.1"),
        "AR",
        [("MSH^1^11^1", "202", "E")],
    ),
    "HL7 v3": (adt(version="3.0"), "AR", [("MSH^1^12^1", "203", "E")]),
    "no EVN": (
        adt().replace(b"EVN|A01|20260501100000\r", b""),
        "AE",
        [("EVN^1", "100", "E")],
    ),
    "an EVN of another event": (
        adt().replace(b"EVN|A01", b"EVN|A40"),
        "AE",
        [("EVN^1^1^1", "103", "E")],
    ),
    "no PID": (adt().replace(b"PID|", b"ZZZ|"), "AE", [("PID^1", "100", "E")]),
    "two PID": (adt(more=("PID|||X^^^&1.2&ISO",)), "AE", [("PID^1", "100", "E")]),
    "no identifier": (adt(pid=""), "AE", [("PID^1^3^1", "101", "E")]),
    "the explicit null": (adt(pid='""'), "AE", [("PID^1^3^1", "101", "E")]),
    "no authority where any is taken": (adt(pid="X1"), "AE", [("PID^1^3^1^4", "101", "E")]),
    "an authority that is no OID": (
        adt(pid="X1^^^&abc&GUID"),
        "AE",
        [("PID^1^3^1", "204", "E")],
    ),
    "no MRG": (adt("A40"), "AE", [("MRG^1", "100", "E")]),
    "an empty MRG": (a_merge(subsumed=""), "AE", [("MRG^1^1^1", "101", "E")]),
    "two merged at once": (
        a_merge(subsumed=f"{PATIENT}~{STRANGER}"),
        "AE",
        [("MRG^1^1^1", "102", "E")],
    ),
    "merged into itself": (a_merge(PATIENT, PATIENT), "AE", [("MRG^1^1^1", "205", "E")]),
    "an unknown one merged": (a_merge(subsumed=STRANGER), "AE", [("MRG^1^1^1", "204", "E")]),
    "merged into an unknown one": (a_merge(STRANGER), "AE", [("PID^1^3^1", "204", "E")]),
    "both unknown": (
        a_merge(STRANGER, STRANGER.replace("7", "8", 1)),
        "AE",
        [("PID^1^3^1", "204", "E"), ("MRG^1^1^1", "204", "E")],
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_message_that_is_refused_changes_nothing_and_says_why(small, name):
    octets, code, conditions = REFUSED[name]
    before = known(small)
    ack = answer(small, octets)
    assert (ack.code, ack.conditions) == (code, conditions)
    assert all("Fix: " in text for text in ack.texts)
    assert known(small) == before
    (event,) = {(e.outcome, e.message_id) for e in small.trail.events}
    assert event[0] in ("fault", "refused")


def test_every_refusal_of_a_merge_again_says_that_it_was_done(small):
    assert answer(small, a_merge()).code == "AA"
    ack = answer(small, a_merge())
    assert (ack.code, ack.conditions) == ("AE", [("MRG^1^1^1", "204", "E")])
    assert "was merged into" in ack.texts[0]
    back = answer(small, a_merge(PATIENT, OTHER_PATIENT))
    assert (back.code, back.conditions) == ("AE", [("PID^1^3^1", "204", "E")])
    assert answer(small, adt(pid=PATIENT)).conditions == [("PID^1^3^1", "204", "E")]


def test_an_authority_outside_the_domain_is_refused_by_name(sqlite_registry):
    feed = feed_over(sqlite_registry.ledger, load_domain("dmp"))
    ack = answer(feed, adt())
    assert (ack.code, ack.conditions) == ("AE", [("PID^1^3^1", "204", "E")])
    assert "1.2.250.1.213.1.4.8" in ack.texts[0]
    merge = answer(feed, a_merge())
    assert merge.conditions == [("PID^1^3^1", "204", "E"), ("MRG^1^1^1", "204", "E")]


def test_an_ins_with_a_wrong_key_is_refused_or_warned_about(sqlite_registry):
    feed = feed_over(sqlite_registry.ledger, load_domain("dmp"))
    before = known(feed)
    real = answer(feed, adt(pid="279035121518988^^^ASIP&1.2.250.1.213.1.4.8&ISO^INS"))
    assert (real.code, real.conditions) == ("AE", [("PID^1^3^1", "102", "E")])
    assert "control key" in real.texts[0]
    assert known(feed) == before
    test = answer(feed, adt(pid="279035121518988^^^ASIP&1.2.250.1.213.1.4.10&ISO^INS"))
    assert (test.code, test.conditions) == ("AA", [("PID^1^3^1", "102", "W")])
    assert known(feed) - before == {"279035121518988^^^&1.2.250.1.213.1.4.10&ISO"}


def test_a_structure_that_does_not_fit_is_a_warning(small):
    ack = answer(small, adt("A04", STRANGER, structure="ADT_A04"))
    assert (ack.code, ack.conditions) == ("AA", [("MSH^1^9^1^3", "103", "W")])


def test_what_one_message_adds_is_added_together_or_not_at_all(small):
    assert answer(small, a_merge()).code == "AA"
    before = known(small)
    assert answer(small, adt(pid=f"{STRANGER}~{PATIENT}")).code == "AE"
    assert known(small) == before


# -- when the Registry cannot ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code", "outcome"),
    [
        (LedgerBusyError("busy"), "206", "refused"),
        (LedgerFullError("full"), "207", "refused"),
        (ZeroDivisionError("a defect"), "207", "defect"),
    ],
)
def test_what_the_registry_cannot_do_now_may_be_sent_again(error, code, outcome):
    feed = feed_over(Trouble(error))
    ack = answer(feed, adt())
    assert (ack.code, ack.conditions) == ("AR", [("", code, "E")])
    assert [e.outcome for e in feed.trail.events] == [outcome]
    assert "defect" not in ack.texts[0]


def test_what_cannot_be_traced_is_not_acknowledged(sqlite_registry):
    feed = feed_over(sqlite_registry.ledger, trail=Full())
    assert answer(feed, adt()).code == "AR"


# -- the trail -------------------------------------------------------------------------------------


def test_every_message_is_traced_as_the_standard_says(small):
    for octets in (adt("A04"), adt("A08"), a_merge(), adt("A99")):
        answer(small, octets)
    seen = [(e.action, e.concerned.patients, str(e.outcome)) for e in small.trail.events]
    assert seen == [
        ("C", (PATIENT,), "success"),
        ("U", (PATIENT,), "success"),
        ("D", (PATIENT,), "success"),
        ("U", (OTHER_PATIENT,), "success"),
        ("", (), "fault"),
    ]
    for event in small.trail.events:
        assert event.transaction == "ITI-8"
        assert event.message_id == "MSG-1"
        assert (event.source, event.destination) == ("CHU|PAS", "REGION|GREFFE")
        assert event.peer == "127.0.0.1"


def test_the_sender_s_certificate_is_the_caller(small):
    sender = Sender(peer="10.0.0.1", certificate_subject="CN=pas", certificate_issuer="CN=ca")
    answer(small, adt(), sender)
    (event,) = small.trail.events
    assert (event.caller.identity, event.caller.issuer) == ("CN=pas", "CN=ca")


def test_nothing_of_a_person_but_identifiers_is_kept_or_logged(small, caplog):
    caplog.set_level("DEBUG")
    for octets in (adt(), adt("A99"), a_merge(subsumed=STRANGER)):
        small.answer(octets, SENDER)
    assert "MARTIN" not in caplog.text
    assert "SELF-5" not in caplog.text
    assert "NOBODY" not in caplog.text


# -- laws ------------------------------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=200)
    | st.builds(
        lambda at, noise: adt()[:at] + noise + adt()[at + len(noise) :],
        st.integers(0, 200),
        st.binary(max_size=8),
    )
)
def test_any_octets_are_answered_by_one_ack_and_traced(octets):
    feed = feed_over(Trouble(LedgerBusyError("busy")))
    ack = feed.answer(octets, SENDER)
    assert ack.startswith(b"MSH")
    assert ack.isascii()
    assert ack.split(b"\r")[1].startswith(b"MSA")
    assert len(feed.trail.events) == 1
    assert feed.trail.events[0].outcome != "defect"
