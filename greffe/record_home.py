"""The patients' records of a home, opened beside the node that may be serving them.

Spec: none. What is wrong with a home comes out as one line.
"""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from greffe.exits import CommandError, Exit
from greffe.output import note
from xds.settings import Settings, SettingsError, load_settings

if TYPE_CHECKING:
    from registry.ledger.sql import SqlLedger
    from registry.records.change import ChosenBy, Records

NO_EFFECT = (
    "note: the access policy of domain {domain} permits every trusted caller; choices are kept, "
    "and have no effect there"
)


def settings_of(home: Path) -> Settings:
    """Read a home's settings. Errors: CommandError."""
    try:
        return load_settings(home)
    except SettingsError as error:
        raise CommandError(str(error)) from error


@contextmanager
def opened_ledger(settings: Settings) -> Iterator["SqlLedger"]:
    """Open the ledger. Errors: CommandError."""
    from greffe.node.opening import ledger_of  # noqa: PLC0415 - the server's code

    with ledger_of(settings) as ledger:
        yield ledger


@contextmanager
def opened_records(home: Path) -> Iterator["Records"]:
    """Open the records, and the trail that every choice goes into. Errors: CommandError."""
    from registry.records.change import Records  # noqa: PLC0415 - the server's code
    from xds.audit.trail import Trail  # noqa: PLC0415

    settings = settings_of(home)
    if settings.policy.permits_any_trusted:
        note(NO_EFFECT.format(domain=settings.domain.name))
    with opened_ledger(settings) as ledger:
        try:
            trail = Trail(settings.audit_folder / "registry.jsonl")
        except OSError as error:
            raise untraced(error) from error
        try:
            yield Records(ledger=ledger, policy=settings.policy, trail=trail)
        finally:
            trail.close()


def chosen_by() -> "ChosenBy":
    """Return who asks at the command line."""
    from registry.records.change import ChosenBy  # noqa: PLC0415 - the server's code

    return ChosenBy(operator=operator())


def operator() -> str:
    """Return the name of who is logged in, for the trail."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name
        return "unknown"


def untraced(error: OSError) -> CommandError:
    """Return what to say when the trail takes nothing: then nothing was changed either."""
    return CommandError(
        f"the trail cannot be written, so nothing was changed: {error}. "
        "Fix: make room, or give this user the right to write there"
    )


def refused(error: Exception) -> CommandError:
    """Return the Registry's own refusal as what ends a command: nothing was changed."""
    made = CommandError(str(error))
    made.exit_code = Exit.REFUSED
    return made
