"""ITI-42: laws for any message: a typed answer, all or nothing, and what comes back is exact."""

import itertools
import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.build.submission import (
    PATIENT,
    a_submission,
    an_association,
    changing,
    with_identifier,
)
from tests.registry.build import Registry, a_call, run
from tests.strategies.metadata import xml_text
from xds.ebrim.submit import write_submit_objects
from xds.metadata import vocabulary as v
from xds.metadata.rim import LocalizedString, RimObject, Slot

numbers = itertools.count(1)
WHOLE = write_submit_objects(
    (
        *a_submission(entries=2, folders=1),
        an_association("Transformed", v.TRANSFORM, "Document02", "Document01"),
    )
)
PIECES = re.findall(rb"<[^>]*>|[^<]+", WHOLE)
VALUE = re.compile(rb'="[^"]*"')
ONCE = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@st.composite
def mutated(draw) -> bytes:
    """A submission with one to three things of its XML changed; it stays well-formed."""
    message = WHOLE
    for _ in range(draw(st.integers(1, 3))):
        found = list(VALUE.finditer(message))
        place = draw(st.sampled_from(found))
        other = draw(st.sampled_from(found))[0]
        value = draw(
            st.sampled_from((b'=""', b'="x"', b'="urn:uuid:0"', b'="%s"' % (b"9" * 300), other))
        )
        message = message[: place.start()] + value + message[place.end() :]
    return message


def is_one_namespace_kept(message: bytes) -> bool:
    return re.findall(rb'xmlns[:\w]*="[^"]*"', message) == re.findall(
        rb'xmlns[:\w]*="[^"]*"', WHOLE
    )


@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@ONCE
@given(message=mutated().filter(is_one_namespace_kept))
def test_any_mutation_ends_in_a_typed_answer_and_a_refusal_registers_nothing(
    sqlite_registry, message
):
    before = sqlite_registry.everything().body
    answer = run(sqlite_registry.registering, a_call(message))
    assert answer.status in {"Success", "Failure"}
    if answer.status == "Failure":
        assert answer.codes
        assert sqlite_registry.everything().body == before


extra = st.lists(
    st.builds(
        Slot,
        name=st.from_regex(r"urn:example:[a-z]{1,8}", fullmatch=True),
        values=st.lists(
            xml_text.filter(lambda t: "&" not in t and t.strip()), min_size=1, max_size=3
        ).map(tuple),
    ),
    max_size=3,
    unique_by=lambda slot: slot.name,
)


def fresh(objects: tuple[RimObject, ...]) -> tuple[RimObject, ...]:
    n = next(numbers)
    schemes = {
        "SubmissionSet01": v.SUBMISSION_SET_UNIQUE_ID,
        "Folder01": v.FOLDER_UNIQUE_ID,
        "Document01": v.DOCUMENT_ENTRY_UNIQUE_ID,
    }
    for place, (identifier, scheme) in enumerate(schemes.items()):
        value = f"1.2.3.{n}.{place}"
        objects = changing(
            objects, identifier, lambda o, s=scheme, u=value: with_identifier(o, s, u)
        )
    return objects


@ONCE
@given(data=st.data())
def test_what_is_registered_comes_back_exact(sqlite_registry: Registry, data):
    """Slots in order with their values and types, names, classifications, identifiers."""
    objects = tuple(
        replace(
            o,
            slots=(*data.draw(extra), *data.draw(st.permutations(o.slots))),
            classifications=tuple(data.draw(st.permutations(o.classifications))),
        )
        if o.tag != "Association"
        else replace(o, slots=(*o.slots, *data.draw(extra)))
        for o in fresh(a_submission(folders=1))
    )
    known = set(sqlite_registry.everything().ids)
    sqlite_registry.registered(*objects)
    got = [o for o in sqlite_registry.everything(PATIENT).objects if o.id not in known]
    assert sorted(map(content, got)) == sorted(map(content, objects))


def content(rim: RimObject) -> str:
    """All but what the Registry gives: ids, references to them, lid, status, version, the time."""
    given_by_registry = {
        "id", "lid", "status", "objectType", "classifiedObject", "registryObject",
        "sourceObject", "targetObject",
    }  # fmt: skip
    kept = sorted(p for p in rim.attributes if p[0] not in given_by_registry)
    slots = [(s.name, s.values) for s in rim.slots if s.name != "lastUpdateTime"]
    inner = [content(c) for c in (*rim.classifications, *rim.external_identifiers)]
    names = [text(rim.name), text(rim.description)]
    return repr((rim.tag, kept, slots, names, inner))


def text(strings: tuple[LocalizedString, ...] | None) -> list[tuple[str, str]]:
    return [(s.value, s.lang or "") for s in strings or ()]
