"""What a caller may not see does not exist for writes either.

The law: whatever several callers write, in whatever order, a write is answered as by a Registry in
which nothing is that its caller may not see, or in the one constant text; and afterwards its caller
sees what there would be in that Registry.
"""

import os

import pytest
from hypothesis import HealthCheck, event, given, settings

from tests.registry.access.messages import message_of
from tests.registry.access.steps import CALLERS, Choose, histories
from tests.registry.access.worlds import World, canonical, choose, is_forbidden, objects_of, send


def lawful(examples):
    return settings(
        max_examples=int(os.environ.get("GREFFE_EXAMPLES", examples)),
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@pytest.fixture(scope="session")
def template(sqlite_template, tmp_path_factory):
    """The path of an empty ledger: its octets would be shown with every example."""
    path = tmp_path_factory.mktemp("template") / "ledger.db"
    path.write_bytes(sqlite_template)
    return path


@lawful(15)
@given(history=histories)
def test_a_write_is_answered_as_if_what_is_hidden_were_not(history, template, tmp_path_factory):
    folder = tmp_path_factory.mktemp("worlds")
    (folder / "real.db").write_bytes(template.read_bytes())
    world = World(folder / "real.db")
    try:
        for number, step in enumerate(history):
            if isinstance(step, Choose):
                choose(world, step)
                continue
            message = message_of(step, objects_of(world))
            if message is None:
                continue
            caller = CALLERS[step.caller]
            other, gone = world.without_what_is_hidden_from(caller, folder / f"{number}.db")
            try:
                came, expected = send(world, step, message), send(other, step, message)
                event(f"{type(step).__name__}: {shown(came)}, hidden: {bool(gone)}")
                if is_forbidden(came):
                    continue
                assert (came.status, came.codes) == (expected.status, expected.codes), step
                assert canonical(came.body) == canonical(expected.body), step
                assert world.everything_seen(caller) == other.everything_seen(caller), step
            finally:
                other.close()
    finally:
        world.close()


def shown(answer):
    if is_forbidden(answer):
        return "forbidden"
    return ",".join(answer.codes) or answer.status
