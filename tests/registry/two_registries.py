"""The Registry and the naive one side by side: the same history, the same questions."""

import itertools
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hypothesis import event

from registry.iti57_update import handle as iti57
from registry.iti62_remove import handle as iti62
from registry.patients.change import Patients
from registry.patients.changes import Merge as MergePatients
from registry.patients.changes import PatientChangeRefused
from tests.build.removal import a_removal
from tests.build.submission import OPEN_DOMAIN, OTHER_PATIENT, PATIENT
from tests.registry.asked import answer_to, refusal_of, slots_of
from tests.registry.build import START, Answer, Registry, a_call, run
from tests.registry.naive import asking, registering, removing, updating
from tests.registry.naive.asking import Wish
from tests.registry.naive.things import KINDS, Thing, Things, renamed, thing_of, whole
from tests.registry.sent import Sender
from tests.strategies.changes import Removal, Update
from tests.strategies.histories import Merge, Submission
from tests.strategies.questions import Question
from xds.ebrim.submit import write_submit_objects
from xds.metadata import vocabulary as v
from xds.metadata.departures import Departure
from xds.metadata.rim import RimObject

DOMAIN = replace(
    OPEN_DOMAIN, departures=frozenset({Departure.STATUS_ARCHIVED, Departure.STATUS_DELETED})
)
ALL_STATUSES = frozenset({v.APPROVED, v.DEPRECATED, v.ARCHIVED, v.DELETED})


@dataclass
class Both:
    """Two registries of the same history."""

    registry: Registry
    held: Things = field(default_factory=lambda: Things({PATIENT, OTHER_PATIENT}))
    learnt: set[str] = field(default_factory=set)
    """Ids that the Registry is known to use."""
    clock: "itertools.count[int]" = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        ledger = self.registry.ledger
        self.sender = Sender(self.held)
        self.updating = iti57.room(ledger=ledger, domain=DOMAIN, identifier_checks={})
        self.removing = iti62.room(ledger=ledger)

    def take(self, step: Submission | Update | Removal | Merge) -> None:
        """Let one step happen to both, and compare what they hold afterwards."""
        match step:
            case Merge():
                self._merge(step)
            case Submission():
                self._submit(step)
            case Update():
                self._update(step)
            case Removal():
                self._remove(step)
        self.compare_all()

    # -- steps -------------------------------------------------------------------------------------

    def _submit(self, step: Submission) -> None:
        objects = self.sender.submission(step)
        if objects is None:
            return
        now = self._now()
        expected = registering.register(self.held, objects, _dtm(now), on_demand=step.on_demand)
        answer = self.registry.register(
            *_as_sent(objects, is_symbolic=step.is_symbolic), on_demand=step.on_demand, instant=now
        )
        _compare_codes("ITI-61" if step.on_demand else "ITI-42", answer, expected)

    def _update(self, step: Update) -> None:
        objects = self.sender.update(step)
        if objects is None:
            return
        now, keeps_an_id = self._now(), any(self.held.named(o.id) for o in objects)
        expected = updating.update(self.held, objects, _dtm(now))
        sent = _as_sent(objects, is_symbolic=step.is_symbolic and not keeps_an_id)
        body = write_submit_objects(sent)
        _compare_codes("ITI-57", run(self.updating, a_call(body, instant=now)), expected)

    def _remove(self, step: Removal) -> None:
        ids = self.sender.removal(step)
        if ids is None:
            return
        now = self._now()
        expected = removing.remove(self.held, ids, _dtm(now))
        answer = run(self.removing, a_call(a_removal(*ids), instant=now))
        _compare_codes("ITI-62", answer, expected)

    def _merge(self, step: Merge) -> None:
        expected = registering.merge(self.held, step.subsumed, step.survivor)
        patients = Patients(ledger=self.registry.ledger, domain=OPEN_DOMAIN, identifier_checks={})
        change = MergePatients(subsumed=step.subsumed, survivor=step.survivor)
        refused = False
        try:
            patients.change(change, instant=START)
        except PatientChangeRefused:
            refused = True
        event(f"merge: {'refused' if refused else 'Success'}")
        assert refused == bool(expected)

    def _now(self) -> datetime:
        return START + timedelta(minutes=next(self.clock))

    # -- what is held ------------------------------------------------------------------------------

    def compare_all(self) -> None:
        """Every object of every patient, whole; learn the ids that the Registry gave."""
        answers = {p: self.registry.everything(p, ALL_STATUSES) for p in (PATIENT, OTHER_PATIENT)}
        self._learn(o for answer in answers.values() for o in answer.objects)
        for patient, answer in answers.items():
            wish = Wish(patients=frozenset({patient}), status=ALL_STATUSES)
            compare(answer.objects, asking.everything(self.held, wish, wish, wish))

    def _learn(self, objects) -> None:
        """Take over ids. What is new is known by its name, and an association by its ends too:

        what the Registry itself adds has no name, and what a version takes over has that of what
        it was.
        """
        came = {o.id: o for o in objects if o.id not in self.learnt}
        for _ in range(3):  # objects, what joins them, what joins those
            unknown = {_key(t): t.id for t in self.held.all if t.id not in self.learnt}
            names = {
                unknown[key]: o.id for o in came.values() if (key := _key(thing_of(o))) in unknown
            }
            self.held.rename(names)
            self.learnt |= set(names.values())

    # -- questions ---------------------------------------------------------------------------------

    def ask(self, question: Question) -> None:
        """Ask both, for whole objects and for references."""
        slots = slots_of(question, self.held)
        expected = answer_to(question, self.held)
        refusals = {returns: refusal_of(question, expected, returns) for returns in RETURNS}
        answers = {
            returns: self.registry.ask(question.query, slots, returns=returns)
            for returns in RETURNS
        }
        event(f"{question.query}: {refusals[LEAF] or min(len(expected), 3)}")
        for returns, answer in answers.items():
            assert set(answer.codes) == refusals[returns]
            assert answer.status == ("Failure" if refusals[returns] else "Success")
            if refusals[returns]:
                assert not answer.objects
            elif returns == LEAF:
                compare(answer.objects, expected)
            else:
                assert {o.tag for o in answer.objects} <= {"ObjectRef"}
                assert Counter(answer.ids) == Counter(asking.ids_of(expected))


LEAF, REFERENCE = RETURNS = ("LeafClass", "ObjectRef")


def compare(objects, expected: list[Thing]) -> None:
    """Whole objects, each once; SubmissionSets, documents and folders as they were registered."""
    by_kind = {kind: [t.expected() for t in expected if t.kind == kind] for kind in KINDS}
    came = {kind: [o for o in objects if thing_of(o).kind == kind] for kind in KINDS}
    for kind in KINDS[:3]:
        assert [whole(o) for o in came[kind]] == [whole(o) for o in by_kind[kind]]
    came_links, links = (sorted(map(whole, of["association"]), key=repr) for of in (came, by_kind))
    assert came_links == links


def _compare_codes(transaction: str, answer: Answer, expected: set[str]) -> None:
    event(f"{transaction}: {', '.join(sorted(expected)) or 'Success'}")
    assert set(answer.codes) == expected, [c.code_context for c in answer.complaints]
    assert answer.status == ("Failure" if expected else "Success")


def _as_sent(objects: list[RimObject], *, is_symbolic: bool) -> tuple[RimObject, ...]:
    """The objects, under symbolic ids if the Registry is to give UUIDs."""
    symbols = {o.id: f"symbol{n}" for n, o in enumerate(objects)} if is_symbolic else {}
    return tuple(renamed(o, symbols) for o in objects)


def _key(thing: Thing) -> tuple[str, ...]:
    return thing.name, thing.association_type, thing.source, thing.target


def _dtm(instant: datetime) -> str:
    return f"{instant:%Y%m%d%H%M%S}"
