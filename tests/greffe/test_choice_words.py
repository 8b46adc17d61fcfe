"""What the trail keeps of a choice has words in both languages, whatever was chosen."""

from dataclasses import replace

import pytest

from greffe.choice_words import STANDINGS, chosen
from greffe.patient_words import LANGUAGES
from registry.records.changes import differences
from registry.records.model import Person, Record
from xds.access.model import RecordState, Standing

RECORD = Record(patient_id="1^^^&1.2.3&ISO", state=RecordState.OPEN, since="20260101000000")
SINCE = "20260102030405"
SETTINGS = {
    "state": RecordState.CLOSED,
    "masks_new": True,
    "regulation": False,
    "break_glass": False,
    "masked_in_emergency": True,
    "email": "a@example.org",
    "language": "en",
}


def both_ways():
    for name, value in SETTINGS.items():
        other = replace(RECORD, **{name: value})
        yield RECORD, other
        yield other, RECORD
    yield replace(RECORD, email="a@example.org"), replace(RECORD, email="b@example.org")
    for standing in Standing:
        for until in ("", "20270102030405"):
            person = Person(identity="8999", standing=standing, since=SINCE, until=until)
            yield RECORD, replace(RECORD, people=(person,))
            yield replace(RECORD, people=(person,)), RECORD


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_difference_of_two_records_has_words(language):
    said = [
        chosen(difference.text(), language)
        for before, after in both_ways()
        for difference in differences(before, after)
    ]
    assert len(said) > 20
    assert [text for text in said if "->" in text] == []


def test_the_end_of_an_authorisation_is_told():
    person = Person(
        identity="8999", standing=Standing.AUTHORISED, since=SINCE, until="20270102030405"
    )
    (one,) = differences(RECORD, replace(RECORD, people=(person,)))
    assert chosen(one.text(), "fr") == "8999 est autorisé jusqu'au 2027-01-02 03:04 UTC"


def test_every_standing_has_words():
    assert set(STANDINGS) == set(Standing)


def test_what_nobody_knows_stands_as_it_was_written():
    assert chosen("something else; a: b -> c", "fr") == "something else\na: b -> c"
    assert chosen("", "fr") == ""
