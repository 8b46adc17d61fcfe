"""The ledger on both databases: rows, conditions, groups of submissions, rivals, failures."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from registry.ledger import engine as engines
from registry.ledger import tables as t
from registry.ledger.api import (
    Columns,
    HasAuthor,
    HasCode,
    HasReference,
    Kind,
    LedgerBusyError,
    LedgerFullError,
    Plan,
    Select,
    TimeRange,
    Touches,
    Wanted,
)
from registry.ledger.sql import open_ledger
from tests.build.submission import (
    PATIENT,
    a_document_entry,
    a_folder,
    a_submission_set,
    an_association,
    an_author,
    changing_classification,
    with_classification,
)
from xds.ebrim.writer import write_object
from xds.metadata import vocabulary as v
from xds.metadata.rim import RimObject

ENTRY, SET = Kind.DOCUMENT_ENTRY, Kind.SUBMISSION_SET


def stored(rim: RimObject) -> RimObject:
    return rim.with_attribute("lid", rim.id).with_attribute("status", v.APPROVED)


def apply(ledger, *objects: RimObject, **plan) -> None:
    finished = tuple(stored(o) for o in objects)
    ledger.write(Wanted(), lambda unit: unit.apply(Plan(add=finished, **plan)))


def entry(number: int, **slots: str) -> RimObject:
    made = a_document_entry(f"urn:uuid:{number:08}", unique_id=f"1.2.{number}")
    for name, value in slots.items():
        made = made.with_slot(name, value)
    return made


def select(ledger, kind: Kind, *where, limit: int | None = None) -> list[str]:
    found = ledger.read(lambda r: r.select(Select(kind=kind, where=where), limit))
    return [o.entry_uuid for o in found]


def test_an_object_comes_back_octet_for_octet_in_the_order_of_registration(ledger):
    objects = [entry(n) for n in (3, 1, 2)]
    apply(ledger, *objects)
    found = ledger.read(lambda r: r.select(Select(kind=ENTRY, where=())))
    assert [o.fragment for o in found] == [write_object(stored(o)) for o in objects]
    assert [o.unique_id for o in found] == ["1.2.3", "1.2.1", "1.2.2"]
    assert {o.patient_id for o in found} == {PATIENT}
    assert select(ledger, ENTRY, limit=2) == [o.id for o in objects[:2]]


@pytest.mark.parametrize(
    ("lower", "upper", "expected"),
    [
        ("20240101000000", "", [2, 3]),
        ("20240101000001", "", [3]),
        ("", "20250101000000", [1, 2]),
        ("", "20250101000001", [1, 2, 3]),
        ("20240101000000", "20250101000000", [2]),
    ],
)
def test_a_time_range_has_its_start_and_not_its_end(ledger, lower, upper, expected):
    apply(ledger, *(entry(n, creationTime=y) for n, y in ((1, "2023"), (2, "2024"), (3, "2025"))))
    span = TimeRange(column="creation_time", lower=lower, upper=upper)
    assert select(ledger, ENTRY, span) == [entry(n).id for n in expected]


def test_an_absent_time_meets_every_range(ledger):
    bare = entry(1)
    bare = replace(bare, slots=tuple(s for s in bare.slots if s.name != "serviceStartTime"))
    apply(ledger, bare)
    span = TimeRange(column="service_start_time", lower="19990101000000", upper="19990101000000")
    assert select(ledger, ENTRY, span) == [bare.id]


def test_an_on_demand_entry_has_no_creation_time_to_compare(ledger):
    apply(ledger, entry(1, creationTime="2001").with_attribute("objectType", v.ON_DEMAND))
    span = TimeRange(column="creation_time", lower="2020", upper="2021")
    assert select(ledger, ENTRY, span) == [entry(1).id]


def test_a_code_is_met_together_with_its_scheme_and_under_its_attribute(ledger):
    apply(ledger, entry(1))
    right = ("T-D4909", "SNM3")
    for attribute, codes, is_met in (
        ("eventCodeList", (right,), True),
        ("eventCodeList", (("x", "y"), right), True),
        ("eventCodeList", (("T-D4909", "SNM4"),), False),
        ("eventCodeList", (("t-d4909", "SNM3"),), False),
        ("classCode", (right,), False),
        ("eventCodeList", (("T-D4909", "y"), ("x", "SNM3")), False),
    ):
        found = select(ledger, ENTRY, HasCode(attribute=attribute, codes=codes))
        assert found == [entry(1).id] * is_met, (attribute, codes)


def by(number: int, *persons: str) -> RimObject:
    made = entry(number)
    author = an_author(made.id, v.DOCUMENT_ENTRY_AUTHOR, authorPerson=(persons[0],))
    made = changing_classification(made, v.DOCUMENT_ENTRY_AUTHOR, lambda _: author)
    for person in persons[1:]:
        more = an_author(made.id, v.DOCUMENT_ENTRY_AUTHOR, authorPerson=(person,))
        made = with_classification(made, more)
    return made


@pytest.mark.parametrize(
    ("pattern", "is_met"),
    [
        ("^Dupont^Zoé", True),
        ("%Dupont%", True),
        ("%DUPONT%", False),
        ("_Dupont^Zo_", True),
        ("^Dupont", False),
        ("%", True),
        ("", False),
        ("%é", True),
        ("%\\%", False),
        ("^Dupont^Zo\\é", False),
    ],
)
def test_an_author_is_met_by_a_like_pattern_that_minds_case(ledger, pattern, is_met):
    apply(ledger, by(1, "^Martin^Ali", "^Dupont^Zoé"))
    found = select(ledger, ENTRY, HasAuthor(patterns=("nobody", pattern)))
    assert found == [entry(1).id] * is_met


@pytest.mark.parametrize(
    ("person", "pattern", "is_met"),
    [
        ("a\\b", "a\\b", True),
        ("a\\b", "a\\%", True),
        ("a\\b", "a_b", True),
        ("ab", "a\\b", False),
        ("a\\", "a\\", True),
        ("a%", "a\\%", False),
        ("a'b", "a'_", True),
    ],
)
def test_a_backslash_in_a_pattern_is_a_backslash(ledger, person, pattern, is_met):
    apply(ledger, by(1, person))
    assert bool(select(ledger, ENTRY, HasAuthor(patterns=(pattern,)))) is is_met


def test_a_reference_is_met_as_a_whole_or_by_its_pattern(ledger):
    apply(ledger, entry(1))
    whole = "2013001^^^&1.2.3.4.5.6&ISO^urn:ihe:iti:xds:2013:accession"
    for pattern, is_met in ((whole, True), ("2013001", False), ("2013001%", True), ("T-D%", False)):
        assert bool(select(ledger, ENTRY, HasReference(patterns=(pattern,)))) is is_met, pattern


def test_conditions_are_met_together(ledger):
    apply(ledger, entry(1), entry(2, creationTime="2020"))
    both = (
        Columns(column="unique_id", values=("1.2.1", "1.2.2")),
        TimeRange(column="creation_time", lower="20200101000000"),
    )
    assert select(ledger, ENTRY, *both) == [entry(2).id]


def test_an_association_is_found_from_either_end_once(ledger):
    apply(
        ledger,
        a_submission_set("urn:uuid:set"),
        an_association("urn:uuid:a", v.HAS_MEMBER, "urn:uuid:set", "urn:uuid:1"),
        an_association("urn:uuid:b", v.APPEND, "urn:uuid:2", "urn:uuid:1"),
    )
    for side, ends, expected in (
        ("source", ("urn:uuid:set",), ["urn:uuid:a"]),
        ("target", ("urn:uuid:1",), ["urn:uuid:a", "urn:uuid:b"]),
        ("either", ("urn:uuid:1", "urn:uuid:2"), ["urn:uuid:a", "urn:uuid:b"]),
        ("source", ("urn:uuid:1",), []),
    ):
        touches = Touches(side=side, entry_uuids=ends)
        assert select(ledger, Kind.ASSOCIATION, touches) == expected


def test_a_list_longer_than_a_statement_is_read_in_portions(ledger, monkeypatch):
    monkeypatch.setattr("registry.ledger.reading.MAX_LIST", 3)
    objects = [entry(n) for n in range(10, 0, -1)]
    apply(ledger, *objects)
    wanted = tuple(sorted(o.id for o in objects))
    assert select(ledger, ENTRY, Columns(column="entry_uuid", values=wanted)) == [
        o.id for o in objects
    ]
    some = select(ledger, ENTRY, Columns(column="entry_uuid", values=wanted), limit=2)
    assert len(some) == 2  # which two, the database decides; their order is that of registration
    assert [o.id for o in objects if o.id in some] == some


def test_thirty_thousand_ids_and_ends_are_one_query(ledger):
    apply(ledger, entry(1), a_submission_set("urn:uuid:set"))
    apply(
        ledger,
        a_submission_set("urn:uuid:set2", unique_id="1.9"),
        an_association("urn:uuid:a", v.HAS_MEMBER, "urn:uuid:set", entry(1).id),
    )
    many = (*(f"urn:uuid:x{n}" for n in range(30_000)), entry(1).id)
    assert select(ledger, ENTRY, Columns(column="entry_uuid", values=many)) == [entry(1).id]
    found = select(ledger, Kind.ASSOCIATION, Touches(side="either", entry_uuids=many))
    assert found == ["urn:uuid:a"]


def test_a_deprecated_object_is_so_in_its_column_and_in_its_fragment(ledger):
    apply(ledger, entry(1), entry(2))
    ledger.write(Wanted(), lambda u: u.apply(Plan(add=(), statuses={entry(1).id: v.DEPRECATED})))
    assert select(ledger, ENTRY, Columns(column="status", values=(v.DEPRECATED,))) == [entry(1).id]
    found = ledger.read(lambda r: r.select(Select(kind=ENTRY, where=())))
    assert found[0].fragment == write_object(
        stored(entry(1)).with_attribute("status", v.DEPRECATED)
    )
    assert found[1].fragment == write_object(stored(entry(2)))


@pytest.mark.parametrize("slot_type", [None, "urn:x"])
def test_a_touched_folder_has_the_new_time_in_both_places(ledger, slot_type):
    folder = a_folder("urn:uuid:folder")
    folder = replace(folder, slots=tuple(replace(s, slot_type=slot_type) for s in folder.slots))
    apply(ledger, folder)
    touched = frozenset({folder.id})
    ledger.write(
        Wanted(), lambda u: u.apply(Plan(add=(), touch_folders=touched, instant="20300101000000"))
    )
    span = TimeRange(column="last_update_time", lower="20300101000000")
    assert select(ledger, Kind.FOLDER, span) == [folder.id]
    [found] = ledger.read(lambda r: r.select(Select(kind=Kind.FOLDER, where=())))
    expected = stored(folder).with_slot("lastUpdateTime", "20300101000000")
    assert found.fragment == write_object(expected)


# -- groups and rivals -----------------------------------------------------------------------------


def test_work_that_fails_leaves_nothing_of_itself(ledger):
    def work(unit):
        unit.apply(Plan(add=(stored(entry(1)),)))
        raise KeyError("changed my mind")

    with pytest.raises(KeyError):
        ledger.write(Wanted(), work)
    assert select(ledger, ENTRY) == []
    apply(ledger, entry(1))
    assert select(ledger, ENTRY) == [entry(1).id]


def test_one_that_fails_does_not_harm_those_that_share_its_commit(ledger):
    """While the first holds the lead, the others gather: they are one group."""
    gathered, begun = threading.Event(), threading.Event()

    def first(unit):
        begun.set()
        assert gathered.wait(20)
        unit.apply(Plan(add=(stored(entry(0)),)))

    def later(number: int):
        def work(unit):
            unit.apply(Plan(add=(stored(entry(number)),)))
            if number % 3 == 0:
                raise KeyError(number)
            if number % 5 == 0:  # breaks a constraint inside the shared transaction
                unit.apply(Plan(add=(stored(entry(number)),)))
            return number

        return work

    with ThreadPoolExecutor(12) as pool:
        leading = pool.submit(ledger.write, Wanted(), first)
        assert begun.wait(20)
        others = {n: pool.submit(ledger.write, Wanted(), later(n)) for n in range(1, 11)}
        waiting = getattr(ledger._writer, "_waiting", None)
        while waiting is not None and len(waiting) < 10:
            pass
        gathered.set()
        leading.result()
        for number, other in others.items():
            error = other.exception()
            if number % 3 == 0:
                assert isinstance(error, KeyError)
            elif number % 5 == 0:
                assert isinstance(error, sa.exc.IntegrityError)
            else:
                assert other.result() == number
    kept = {entry(n).id for n in range(11) if n == 0 or (n % 3 and n % 5)}
    assert set(select(ledger, ENTRY)) == kept


def test_a_leader_that_is_stopped_does_not_leave_the_others_waiting(ledger):
    def stopped(_unit):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ledger.write(Wanted(), stopped)
    begun, gathered = threading.Event(), threading.Event()

    def first(_unit):
        begun.set()
        assert gathered.wait(20)
        raise KeyboardInterrupt

    with ThreadPoolExecutor(2) as pool:
        leading = pool.submit(ledger.write, Wanted(), first)
        assert begun.wait(20)
        other = pool.submit(apply, ledger, entry(1))
        gathered.set()
        assert isinstance(leading.exception(20), KeyboardInterrupt)
        other.exception(20)  # done, well or not: that is the point
    apply(ledger, entry(2))
    assert entry(2).id in select(ledger, ENTRY)


def test_a_query_sees_one_state_whatever_is_written_meanwhile(ledger):
    apply(ledger, entry(1))

    def work(reader):
        before = reader.select(Select(kind=ENTRY, where=()))
        with ThreadPoolExecutor(1) as pool:
            pool.submit(apply, ledger, entry(2)).result(20)
        return before, reader.select(Select(kind=ENTRY, where=()))

    before, after = ledger.read(work)
    assert before == after
    assert len(select(ledger, ENTRY)) == 2


# -- opening, patients, failures -------------------------------------------------------------------


def test_the_migrations_make_what_the_tables_say(database_url):
    engine = engines.open_engine(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, t.metadata) == []
    engine.dispose()


def test_the_migrations_are_undone_as_well(database_url):
    from alembic import command
    from alembic.config import Config

    engine = engines.open_engine(database_url)
    with engine.connect().execution_options(**{engines.WRITES: True}) as connection:
        with connection.begin():
            config = Config()
            config.set_main_option("script_location", "migrations")
            config.attributes["connection"] = connection
            command.downgrade(config, "base")
        assert set(sa.inspect(connection).get_table_names()) <= {"alembic_version"}
    engine.dispose()
    open_ledger(database_url).close()


def test_several_open_an_empty_ledger_at_once(request, tmp_path, database_url):
    """The template is dropped first, so that each must migrate, and one does."""
    engine = engines.open_engine(database_url)
    with engine.connect().execution_options(**{engines.WRITES: True}) as c, c.begin():
        t.metadata.drop_all(c)
        c.execute(sa.text("DROP TABLE alembic_version"))
    engine.dispose()
    start = threading.Barrier(4)

    def opened(_):
        start.wait(20)
        ledger = open_ledger(database_url)
        assert select(ledger, ENTRY) == []
        ledger.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(opened, range(4)))


def test_what_was_stored_is_there_after_opening_again(ledger, database_url):
    apply(ledger, entry(1))
    ledger.close()
    again = open_ledger(database_url)
    assert select(again, ENTRY) == [entry(1).id]
    again.close()


def test_a_patient_is_made_known_once_and_under_one_name(ledger):
    assert ledger.add_patient(f"{PATIENT}^NH", "2026")
    assert not ledger.add_patient(PATIENT, "2027")
    wanted = Wanted(patient_ids=frozenset({PATIENT, "other"}))
    known = ledger.write(wanted, lambda unit: unit.look_up(wanted))
    assert known.patient_ids == {PATIENT}


def test_a_patient_becomes_known_to_an_open_ledger_from_another(ledger, database_url):
    other = open_ledger(database_url)
    assert other.add_patient(PATIENT, "2026")
    other.close()
    wanted = Wanted(patient_ids=frozenset({PATIENT}))
    assert ledger.write(wanted, lambda unit: unit.look_up(wanted)).patient_ids == {PATIENT}


def test_a_ledger_that_another_holds_is_busy(database_url, monkeypatch):
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.2)
    holder, waiter = open_ledger(database_url), open_ledger(database_url)
    held, release = threading.Event(), threading.Event()
    wanted = Wanted(unique_ids=frozenset({"1.2.3"}))

    def hold(_unit):
        held.set()
        assert release.wait(20)

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(holder.write, wanted, hold)
        assert held.wait(20)
        with pytest.raises(LedgerBusyError):
            waiter.write(wanted, lambda _unit: None)
        release.set()
        holding.result(20)
    waiter.write(wanted, lambda _unit: None)
    holder.close()
    waiter.close()


def test_no_connection_left_is_busy_too(ledger, monkeypatch):
    monkeypatch.setattr(ledger._engine.pool, "_timeout", 0.05)
    held = [ledger._engine.connect() for _ in range(32)]
    with pytest.raises(LedgerBusyError):
        select(ledger, ENTRY)
    with pytest.raises(LedgerBusyError):
        ledger.write(Wanted(), lambda _unit: None)
    with pytest.raises(LedgerBusyError):
        ledger.add_patient(PATIENT, "2026")
    for connection in held:
        connection.close()
    assert select(ledger, ENTRY) == []


def test_a_full_database_says_so_and_keeps_what_it_had(sqlite_template, tmp_path):
    path = tmp_path / "ledger.db"
    path.write_bytes(sqlite_template)
    ledger = open_ledger(f"sqlite:///{path}")
    apply(ledger, entry(1))

    def full(connection, _record):
        connection.execute("PRAGMA max_page_count=60")

    ledger._engine.dispose()
    sa.event.listen(ledger._engine, "connect", full)
    many = [entry(n, comments="x" * 4000) for n in range(2, 200)]
    with pytest.raises(LedgerFullError):
        [apply(ledger, one) for one in many]
    ids = select(ledger, ENTRY)
    assert ids[0] == entry(1).id
    assert len(ids) < 199
    ledger.close()


def test_many_names_are_locked_without_many_locks(ledger):
    """PostgreSQL has room for some thousand locks in all."""
    many = Wanted(unique_ids=frozenset(f"1.2.{n}" for n in range(20_000)))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: ledger.write(many, lambda _unit: None), range(8)))
