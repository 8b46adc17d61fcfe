"""A Registry that can be had again without what a caller may not see."""

import re
import sqlite3

from registry.iti18_stored_query import handle as iti18
from registry.iti92_restricted_update import handle as iti92
from registry.ledger.api import Plan, Wanted
from registry.ledger.engine import open_engine
from registry.ledger.sql import SqlLedger
from tests.registry.access.sights import Naive
from tests.registry.access.steps import CALLERS, PATIENTS, STATUSES, Remove, Submit, Version
from tests.registry.access.test_admission import FRENCH, Node
from tests.registry.build import BOTH, START, Registry, a_query, text
from tests.xds.access.build import POLICY
from xds.access.model import Action, Standing
from xds.access.silence import FORBIDDEN
from xds.ebrim.submit import write_submit_objects
from xds.limits import Limits
from xds.metadata import vocabulary as v
from xds.metadata.hl7v2 import cx_key


class World(Node):
    """A node whose ledger is a file, and can be had again without what a caller may not see."""

    def __init__(self, path, count=0):
        self.path = path
        self.engine = open_engine(f"sqlite:///{path}")
        super().__init__(Registry.over(SqlLedger(self.engine)), count)
        self.chosen = {}

    def close(self):
        self.engine.dispose()

    def update_restricted(self, caller, *objects):
        room = iti92.room(ledger=self.ledger, domain=FRENCH, identifier_checks={}, policy=POLICY)
        return self.send(room, write_submit_objects(objects), caller)

    def naive(self, caller, action=Action.FIND_REFERENCE):
        return Naive(
            self.engine, self.chosen, caller=caller, action=action, policy=POLICY, instant=START
        )

    def without_what_is_hidden_from(self, caller, path):
        """Another world: of this one's past, only what the caller sees."""
        with sqlite3.connect(self.path) as here, sqlite3.connect(path) as there:
            here.backup(there)
        here.close()
        there.close()
        other = World(path, self.count)
        other.chosen = dict(self.chosen)
        naive = self.naive(caller)
        gone = frozenset(naive.rows) - naive.seen()
        other.ledger.write(
            Wanted(entry_uuids=gone), lambda unit: unit.apply(Plan(add=(), remove=gone))
        )
        return other, gone

    def everything_seen(self, caller):
        """All that a caller sees, under names that do not depend on new ids."""
        found = []
        for patient in dict.fromkeys(PATIENTS):
            both = f"('{v.STABLE}','{v.ON_DEMAND}')"
            every = "(" + ",".join(f"'{s}'" for s in STATUSES) + ")"
            room = iti18.room(
                ledger=self.ledger,
                limits=Limits(),
                statuses=frozenset(STATUSES),
                policy=POLICY,
            )
            named = {
                "$patientId": text(patient),
                "$XDSDocumentEntryStatus": every,
                "$XDSSubmissionSetStatus": BOTH,
                "$XDSFolderStatus": BOTH,
                "$XDSDocumentEntryType": both,
                "$XDSAssociationStatus": BOTH,
                "$MetadataLevel": "2",
            }
            answer = self.send(room, a_query("GetAll", list(named.items())), caller)
            self.count -= 1
            found.append((answer.status, answer.codes, canonical(answer.body)))
        return found


def canonical(body):
    seen = {}
    return re.sub(
        rb"urn:uuid:[0-9a-f-]{36}", lambda m: b"#%d" % seen.setdefault(m[0], len(seen)), body
    )


def choose(world, step):
    world.choose(
        step.patient,
        people=[*step.people, (Standing.ATTENDING, "899900077777")],
        state=step.state,
        masks_new=step.masks_new,
        break_glass=step.break_glass,
    )
    world.chosen = world.ledger.read(lambda reader: reader.records([cx_key(p) for p in PATIENTS]))


def send(world, step, message):
    how = {Submit: world.submit, Remove: world.remove}.get(type(step), world.update)
    if isinstance(step, Version) and step.is_restricted:
        how = world.update_restricted
    return how(CALLERS[step.caller], *message)


def is_forbidden(answer):
    return answer.codes == ("XDSRegistryError",) and any(
        FORBIDDEN.rule in c.code_context for c in answer.complaints
    )


def objects_of(world):
    return [
        o for patient in dict.fromkeys(PATIENTS) for o in world.registry.everything(patient).objects
    ]
