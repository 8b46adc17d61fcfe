"""A choice that is being made while somebody writes: the write waits, and is held against it."""

import threading

import pytest

from registry.ledger.api import Wanted
from registry.records.model import Person, Record
from tests.build.submission import PATIENT
from tests.registry.access.test_admission import AUTHOR, DOCTOR, UPDATES, Node, a_deposit
from tests.registry.access.test_admission import held as everything
from tests.xds.access.build import ME, OTHER
from xds.access.model import RecordState, Standing
from xds.metadata.hl7v2 import cx_key

SINCE = "20260101000000"
IN = tuple(
    Person(identity=identity, standing=Standing.AUTHORISED, since=SINCE) for identity in (ME, OTHER)
)
OUT = (Person(identity=OTHER, standing=Standing.BLOCKED, since=SINCE),)


def a_record(**chosen):
    made = {"state": RecordState.OPEN, "people": IN, "since": SINCE, **chosen}
    return Record(patient_id=cx_key(PATIENT), **made)


@pytest.mark.parametrize("chosen", [{"people": OUT}, {"state": RecordState.CLOSED}])
@pytest.mark.parametrize("kind", ["masking", "adding", "removing"])
def test_a_write_during_a_choice_is_held_against_it(registry, kind, chosen):
    node = Node(registry)
    key = cx_key(PATIENT)
    wanted = Wanted(patient_ids=frozenset({key}))
    node.ledger.write(wanted, lambda unit: unit.save_record(a_record()))
    assert node.submit(AUTHOR, *a_deposit(1)).status == "Success"
    entry, before = node.entry(), everything(node)
    writes = {
        "masking": lambda: node.update(DOCTOR, *UPDATES["masking"](entry)),
        "adding": lambda: node.submit(DOCTOR, *a_deposit(1)),
        "removing": lambda: node.remove(DOCTOR, entry.id),
    }
    is_held, go_on, answers = threading.Event(), threading.Event(), []

    def choose(unit):
        unit.save_record(a_record(**chosen))
        is_held.set()
        assert go_on.wait(20)

    choosing = threading.Thread(target=node.ledger.write, args=(wanted, choose))
    writing = threading.Thread(target=lambda: answers.append(writes[kind]()))
    choosing.start()
    assert is_held.wait(20)
    writing.start()
    writing.join(0.2)  # it cannot end: whichever way this goes, the answer is the same
    assert not answers
    go_on.set()
    choosing.join()
    writing.join()
    assert answers[0].codes == ("XDSRegistryError",)
    assert everything(node) == before
