"""The sender against a real mail server: what the server says decides what becomes of a letter."""

import logging
import socket
from datetime import UTC, timedelta
from email.headerregistry import Address

import pytest

from registry.ledger.api import LedgerFullError
from registry.ledger.letters import State
from registry.telling import sender as sending
from registry.telling.letter import Style
from registry.telling.sender import IDLE_SECONDS, PAUSES, Step
from tests.build.mail import OK, a_mail_server
from tests.registry.telling.build import INSTANT, WHEN, Hands, a_letter, a_route, a_sender

LATER, NEVER = "450 4.2.1 not now", "550 5.1.1 nobody of that name"


@pytest.fixture
def server():
    with a_mail_server() as running:
        yield running


@pytest.fixture
def sender_to(ledger):
    """Makes senders, which give up the lock in the end."""
    made = []

    def make(port, **changes):
        made.append(a_sender(ledger, port, **changes))
        return made[-1]

    yield make
    for sender in made:
        sender.stop()


def states(ledger):
    return [q.state for q in ledger.letters.all()]


def test_what_is_queued_arrives_once_and_is_noted(ledger, sender_to, server):
    letters = [a_letter(), a_letter(language="en")]
    ledger.letters.queue(letters, WHEN)
    sender = sender_to(server.port)
    sender.turn()
    sender.turn()
    assert server.message_ids == [x.message_id for x in letters]
    assert server.recipients == [(x.address,) for x in letters]
    assert states(ledger) == [State.SENT, State.SENT]
    assert [q.problem for q in ledger.letters.all()] == [OK, OK]


@pytest.mark.parametrize("to", ["RCPT", "DATA"])
def test_a_letter_refused_for_good_has_failed_and_the_next_one_goes(ledger, sender_to, server, to):
    ledger.letters.queue([a_letter(), a_letter()], WHEN)
    server.says(to, NEVER)
    sender_to(server.port).turn()
    assert states(ledger) == [State.FAILED, State.SENT]
    assert ledger.letters.all()[0].problem == NEVER
    assert len(server.messages) == 1


@pytest.mark.parametrize("to", ["RCPT", "DATA"])
def test_a_letter_not_taken_now_waits_longer_each_time_and_holds_nobody_up(
    ledger, sender_to, server, to
):
    clock = Hands()
    ledger.letters.queue([a_letter(), a_letter()], WHEN)
    server.says(to, LATER)
    sender = sender_to(server.port, clock=clock)
    sender.turn()
    assert states(ledger) == [State.QUEUED, State.SENT]
    assert ledger.letters.all()[0].due == "20260301123030"
    assert sender.turn() == IDLE_SECONDS
    assert len(server.messages) == 1
    clock.go_on(seconds=30)
    server.says(to, LATER)
    sender.turn()
    assert ledger.letters.all()[0].due == "20260301123130"
    clock.go_on(seconds=60)
    sender.turn()
    assert states(ledger) == [State.SENT, State.SENT]
    assert [q.doubts for q in ledger.letters.all()] == [0, 0]


def test_a_letter_is_given_up_after_five_days_of_later(ledger, sender_to, server):
    clock = Hands(INSTANT + timedelta(days=5))
    ledger.letters.queue([a_letter()], WHEN)
    server.says("RCPT", LATER)
    sender_to(server.port, clock=clock).turn()
    (queued,) = ledger.letters.all()
    assert queued.state is State.FAILED
    assert queued.problem == f"given up after 5 days: {LATER}"


def test_a_server_that_is_not_there_is_tried_again_without_end(ledger, sender_to):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        ledger.letters.queue([a_letter()], WHEN)
        clock = Hands(INSTANT + timedelta(days=30))
        sender = sender_to(port, clock=clock)
        pauses = [sender.turn() for _ in range(len(PAUSES) + 2)]
    assert pauses == [*PAUSES, PAUSES[-1], PAUSES[-1]]
    assert states(ledger) == [State.QUEUED]
    with a_mail_server(port=port) as server:
        sender.turn()
        assert len(server.messages) == 1
    assert states(ledger) == [State.SENT]


@pytest.mark.parametrize("said", ["550 5.7.1 not you", "451 4.3.0 not now"])
def test_a_sender_whom_the_server_does_not_take_loses_no_letter(ledger, sender_to, server, said):
    ledger.letters.queue([a_letter()], WHEN)
    server.says("MAIL", said)
    sender = sender_to(server.port)
    assert sender.turn() == PAUSES[0]
    assert states(ledger) == [State.QUEUED]
    assert said in ledger.letters.all()[0].problem
    sender.turn()
    assert states(ledger) == [State.SENT]


def test_without_an_answer_nobody_knows_and_the_same_message_goes_again(ledger, sender_to, server):
    clock = Hands()
    letter = a_letter()
    ledger.letters.queue([letter], WHEN)
    server.says("DATA", None)
    sender = sender_to(server.port, clock=clock)
    sender.turn()
    (queued,) = ledger.letters.all()
    assert (queued.state, queued.doubts) == (State.QUEUED, 1)
    clock.go_on(hours=1)
    sender.turn()
    assert states(ledger) == [State.SENT]
    first, second = server.messages
    assert first["Message-ID"] == letter.message_id
    assert first.as_bytes() == second.as_bytes()


def test_a_connection_that_breaks_before_the_end_doubles_nothing(ledger, sender_to, server):
    clock = Hands()
    ledger.letters.queue([a_letter()], WHEN)
    server.says("RCPT", None)
    sender = sender_to(server.port, clock=clock)
    sender.turn()
    assert [(q.state, q.doubts) for q in ledger.letters.all()] == [(State.QUEUED, 0)]
    clock.go_on(hours=1)
    sender.turn()
    assert len(server.messages) == server.ended == 1


def test_an_address_that_cannot_be_written_to_has_failed_without_a_word_to_the_server(
    ledger, sender_to, server
):
    ledger.letters.queue([a_letter(address="a@b.org>\r\nRCPT TO:<c@d.org"), a_letter()], WHEN)
    sender_to(server.port).turn()
    assert states(ledger) == [State.FAILED, State.SENT]
    assert len(server.recipients) == 1


def test_lines_that_begin_with_a_dot_arrive_as_they_are(ledger, sender_to, server):
    style = Style(sender=Address(addr_spec="a@b.org"), contact="one\n.\n..two\n.three", zone=UTC)
    ledger.letters.queue([a_letter()], WHEN)
    sender_to(server.port, route=a_route(server.port, style=style)).turn()
    (message,) = server.messages
    assert "one\n.\n..two\n.three" in message.get_content().replace("\r\n", "\n")


def test_one_sender_at_a_time_and_the_next_takes_over_at_once(ledger, sender_to, server):
    ledger.letters.queue([a_letter()], WHEN)
    first, second = sender_to(server.port), sender_to(server.port)
    first.turn()
    ledger.letters.queue([a_letter()], WHEN)
    assert second.turn() == IDLE_SECONDS
    assert len(server.messages) == 1
    first.stop()
    second.turn()
    assert len(server.messages) == 2


def test_who_lost_a_letter_learns_it_before_its_end_leaves(ledger, sender_to, server):
    letter = a_letter()
    ledger.letters.queue([letter], WHEN)

    def lose(step):
        if step is Step.WRITTEN:  # as when the database gave up the session that holds the lock
            ledger.letters.take_over(WHEN)
            assert ledger.letters.claim("another", WHEN) is not None

    sender_to(server.port, at=lose).turn()
    assert (server.messages, server.ended) == ([], 0)
    assert states(ledger) == [State.CLAIMED]


def test_what_the_server_said_is_written_down_however_long_that_takes(
    ledger, sender_to, server, monkeypatch
):
    monkeypatch.setattr(sending, "NOTE_SECONDS", 0)
    ledger.letters.queue([a_letter()], WHEN)
    letters, failures = ledger.letters, [3]
    settle = letters.settle

    def full(*arguments):
        failures[0] -= 1
        if failures[0] >= 0:
            raise LedgerFullError
        return settle(*arguments)

    letters.settle = full
    sender_to(server.port, letters=letters).turn()
    assert failures == [-1]
    assert states(ledger) == [State.SENT]
    assert len(server.messages) == 1


def test_stopping_before_the_end_puts_the_letter_back(ledger, sender_to, server):
    ledger.letters.queue([a_letter()], WHEN)
    senders = []
    senders.append(
        sender_to(
            server.port, at=lambda step: senders[0].stop() if step is Step.ADDRESSED else None
        )
    )
    senders[0].turn()
    assert states(ledger) == [State.QUEUED]
    assert server.ended == 0
    sender_to(server.port).turn()
    assert len(server.messages) == 1


def test_a_started_sender_wakes_when_it_is_told_to(ledger, sender_to, server):
    sender = sender_to(server.port)
    sender.start()
    ledger.letters.queue([a_letter()], WHEN)
    sender.wake()
    server.wait_for(1)
    sender.stop()
    assert states(ledger) == [State.SENT]


def test_letters_sent_a_month_ago_are_dropped_and_failed_ones_are_kept(ledger, sender_to, server):
    clock = Hands()
    ledger.letters.queue([a_letter(), a_letter()], WHEN)
    server.says("RCPT", NEVER)
    sender = sender_to(server.port, clock=clock)
    sender.turn()
    clock.go_on(days=29)
    sender.turn()
    assert states(ledger) == [State.FAILED, State.SENT]
    clock.go_on(days=2)
    sender.turn()
    assert states(ledger) == [State.FAILED]


def test_the_log_names_no_address_and_no_patient(ledger, sender_to, server, caplog):
    caplog.set_level(logging.DEBUG)
    clock = Hands()
    letters = [a_letter(patient_id="SECRET-1", address="secret@example.org") for _ in range(4)]
    ledger.letters.queue(letters, WHEN)
    server.says("RCPT", "550 no such user secret@example.org", "450 secret@example.org later", OK)
    server.says("DATA", None)
    sender_to(server.port, clock=clock).turn()
    ours = [r.getMessage() for r in caplog.records if not r.name.startswith("mail.")]
    assert sum(line.startswith("letter ") for line in ours) == 4
    assert "secret" not in "".join(ours).lower()
