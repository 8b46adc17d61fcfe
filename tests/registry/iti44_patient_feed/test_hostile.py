"""Whatever a message is, it ends in one acknowledgement or in one fault; never in a trace."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from registry.iti44_patient_feed.handle import rooms
from registry.patients.change import Patients
from registry.patients.changes import Changed
from tests.build.feed import ADD, MERGE, REVISE, a_feed, a_merge, a_person, ii, other_ids
from tests.build.soap import call, envelope, limits
from tests.build.submission import OPEN_DOMAIN
from tests.registry.build import CALLER, START
from xds.contract import FEED_BODY, load_schema
from xds.door import make_wsgi
from xds.namespaces import HL7V3, SOAP
from xds.story import operation

MESSAGES = (
    a_feed(ADD, person=a_person(other_ids())),
    a_feed(REVISE),
    a_merge(),
)
PIECES = [re.findall(r"<[^>]*>|[^<]+", message) for message in MESSAGES]
ATTRIBUTE = re.compile(r'="[^"]*"')


class Accepting(Patients):
    """Patients without a ledger: every change is made."""

    def change_all(self, changes, *, instant):
        return tuple(Changed() for _ in changes)


class Gate:
    def authenticate(self, request, action, instant):
        return CALLER


class Trail:
    def __init__(self):
        self.events = []

    def record(self, event):
        self.events.append(event)


TRAIL = Trail()
PATIENTS = Accepting(ledger=None, domain=OPEN_DOMAIN, identifier_checks={})
SERVICE = make_wsgi(
    service="patients",
    operations=tuple(
        operation(room, gate=Gate(), trail=TRAIL, clock=lambda: START)
        for room in rooms(patients=PATIENTS, domain=OPEN_DOMAIN, clock=lambda: START)
    ),
    limits=limits(),
)


def send(body, action):
    """Send a body; returns the name of what came back, after checking that it is one of two."""
    TRAIL.events.clear()
    octets = envelope(action=f"{HL7V3}:{action}", body=body)
    answer = call(SERVICE, octets)
    root = etree.fromstring(answer.body)
    (only,) = root.find(f"{{{SOAP}}}Body")
    name = etree.QName(only).localname
    if name == "Fault":
        assert "error id" not in "".join(only.itertext()), "a defect of ours"
        return name
    assert name == "MCCI_IN000002UV01"
    load_schema(FEED_BODY).assertValid(only)
    assert TRAIL.events
    return only.find(f".//{{{HL7V3}}}acknowledgement/{{{HL7V3}}}typeCode").get("code")


@pytest.mark.parametrize(
    ("message", "action"), list(zip(MESSAGES, (ADD, REVISE, MERGE), strict=True))
)
def test_the_messages_that_are_mutated_here_are_accepted(message, action):
    assert send(message, action) == "CA"


@pytest.mark.parametrize("action", [ADD, REVISE])
def test_a_body_under_another_messages_action_is_a_fault(action):
    assert send(a_merge(), action) == "Fault"


ANYTHING = st.one_of(
    st.sampled_from(
        [
            "",
            "<id/>",
            "<id nullFlavor='NI'/>",
            "<!-- -->",
            "<?x y?>",
            "text",
            "]]>",
            "<![CDATA[x]]>",
            f"<{ADD}/>",
            ii("1.2.3"),
            ii("not an oid", "\u2028"),
            '<code code="active"/>',
            "<patient/>",
            '<id xmlns="urn:x"/>',
            "<replacementOf/>",
            '<id root="1.2.3" extension="&#9;"/>',
        ]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_message_with_pieces_removed_doubled_or_swapped_is_answered(data):
    which = data.draw(st.integers(0, 2))
    pieces = list(PIECES[which])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(pieces) - 1))
        kind = data.draw(st.sampled_from(["drop", "double", "put", "attribute", "swap"]))
        if kind == "drop":
            pieces[at] = ""
        elif kind == "double":
            pieces[at] *= 2
        elif kind == "put":
            pieces[at] += data.draw(ANYTHING)
        elif kind == "attribute":
            value = data.draw(st.text(max_size=12)).replace('"', "").replace("\\", "")
            pieces[at] = ATTRIBUTE.sub(f'="{value}"', pieces[at], count=1)
        else:
            other = data.draw(st.integers(0, len(pieces) - 1))
            pieces[at], pieces[other] = pieces[other], pieces[at]
    body = "".join(pieces).encode("utf-8", "replace").decode()
    assert send(body, (ADD, REVISE, MERGE)[which]) in {"CA", "CE", "CR", "Fault"}


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_message_without_some_of_its_elements_is_answered_by_an_acknowledgement(data):
    """Well-formed messages reach the room, whatever is missing in them."""
    which = data.draw(st.integers(0, 2))
    root = etree.fromstring(MESSAGES[which])
    inside = [e for e in root.iter() if e is not root]
    for element in data.draw(st.lists(st.sampled_from(inside), min_size=1, max_size=5)):
        if data.draw(st.booleans()) and element.attrib:
            del element.attrib[data.draw(st.sampled_from(sorted(element.attrib)))]
        elif (parent := element.getparent()) is not None:
            parent.remove(element)
    body = etree.tostring(root, encoding="unicode")
    assert send(body, (ADD, REVISE, MERGE)[which]) in {"CA", "CE", "CR"}


def test_a_very_wide_message_is_answered_soon():
    many = ii("1.2.3", "x") * 20_000
    assert send(a_feed().replace("</patient>", many + "</patient>"), ADD) == "CA"
