"""The Registry's parts, opened from its settings: ledger, gate, trail, rooms.

Wiring only, on one screen; what a part does is in its own module. Tests pass other parts.
"""

from dataclasses import dataclass
from typing import Any

from dmp.ins import CHECKS
from dmp.professions import NAMED
from dmp.vihf import profile_of
from dmp.visibility import MASKED
from registry.addresses import PATHS, beside
from registry.iti8_patient_feed.handle import PatientFeed
from registry.iti18_stored_query import handle as iti18_stored_query
from registry.iti42_register import handle as iti42_register
from registry.iti44_patient_feed import handle as iti44_patient_feed
from registry.iti51_multi_patient_query import handle as iti51_multi_patient_query
from registry.iti57_update import handle as iti57_update
from registry.iti61_register_on_demand import handle as iti61_register_on_demand
from registry.iti62_remove import handle as iti62_remove
from registry.iti79_authorize import handle as iti79_authorize
from registry.iti92_restricted_update import handle as iti92_restricted_update
from registry.ledger.sql import SqlLedger, open_ledger
from registry.patients.change import Patients
from registry.query.identity import patient_check
from registry.records.change import Records
from registry.records.entrance import Entrance
from registry.td02_existence import handle as td02_existence
from registry.td03_authorisation import handle as td03_authorisation
from registry.td04_my_records import handle as td04_my_records
from registry.td11_open_and_close import handle as td11_open_and_close
from registry.td16_professionals import handle as td16_professionals
from registry.telling.api import Telling
from registry.telling.opening import open_telling
from registry.telling.sender import Sender
from xds.access.xacml import REQUEST_ACTION
from xds.audit.trail import Trail
from xds.clock import Clock, now
from xds.limits import Limits
from xds.metadata.departures import statuses
from xds.security.gate import Gate
from xds.security.onetime import UsesOnDisk
from xds.security.vouch import VOUCHED_ACTIONS
from xds.settings import Settings
from xds.story import Room


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """An open Registry."""

    rooms: tuple[Room, ...]
    gate: Gate
    trail: Trail
    clock: Clock
    limits: Limits
    reply_to_hosts: frozenset[str]
    ledger: SqlLedger
    patients: Patients
    """What every identity feed changes."""
    telling: Telling
    """Who tells patients of accesses in an emergency."""
    sender: Sender | None = None
    """None where no mail server is named."""
    own_url: str = ""
    """The address under which callers reach it."""

    @property
    def feed(self) -> PatientFeed:
        """The patient identity feed of HL7 v2, for whoever has a socket."""
        return PatientFeed(patients=self.patients, trail=self.trail, clock=self.clock)

    def start(self) -> None:
        """Begin what runs beside the requests; for the process that serves."""
        if self.sender is not None:
            self.sender.start()

    def close(self) -> None:
        """Close what holds files and connections."""
        if self.sender is not None:
            self.sender.stop()
        self.trail.close()
        self.ledger.close()


def open_registry(settings: Settings, clock: Clock = now, own_url: str = "") -> Registry:
    """Open every part; the ledger's schema is brought up to date here.

    `own_url` is the address under which callers reach the service: an assertion may name it as its
    audience (ITI TF-2 §3.40.4.1.2).

    Errors: TrustError, MailError, LedgerBusyError, LedgerFullError, OSError,
    sqlalchemy.exc.SQLAlchemyError, each naming what cannot be opened.
    """
    ledger = open_ledger(settings.database_url)
    patients = Patients(ledger=ledger, domain=settings.domain, identifier_checks=CHECKS)
    trail = Trail(settings.audit_folder / "registry.jsonl")
    telling, sender = open_telling(settings, ledger, professions=NAMED, clock=clock)
    return Registry(
        rooms=(
            *_rooms(settings, ledger, patients, telling, clock),
            iti79_authorize.room(
                ledger=ledger,
                policy=settings.policy,
                clock=clock,
                telling=telling,
                issuer=own_url or settings.audience,
            ),
            *_record_rooms(settings, ledger, telling, trail, clock),
        ),
        gate=Gate.from_files(
            profile=profile_of(settings.domain, bind_signer=settings.bind_signer),
            anchors=settings.trust_anchors,
            audiences=_audiences(settings.audience, own_url),
            clock_skew_seconds=settings.clock_skew_seconds,
            one_time=UsesOnDisk(settings.home / "registry" / "one-time.db"),
            vouchers=settings.trusted_repositories,
            barred=(settings.repository_certificate,),
            revocation_lists=settings.revocation_lists,
            voucher_actions=VOUCHED_ACTIONS,
            vouched_only=_vouched_only(settings),
        ),
        trail=trail,
        clock=clock,
        limits=settings.limits,
        reply_to_hosts=settings.reply_to_hosts,
        ledger=ledger,
        patients=patients,
        telling=telling,
        sender=sender,
        own_url=own_url,
    )


def _rooms(
    settings: Settings, ledger: SqlLedger, patients: Patients, telling: Telling, clock: Clock
) -> tuple[Room, ...]:
    policy, domain = settings.policy, settings.domain
    writing: Any = {
        "ledger": ledger,
        "domain": domain,
        "identifier_checks": CHECKS,
        "policy": policy,
        "telling": telling,
    }
    asking: Any = {
        "ledger": ledger,
        "limits": settings.limits,
        "statuses": statuses(domain.departures),
        "check_patient": patient_check(domain, CHECKS),
        "policy": policy,
        "telling": telling,
    }
    return (
        iti42_register.room(**writing, mask=MASKED),
        iti61_register_on_demand.room(**writing, mask=MASKED),
        iti18_stored_query.room(**asking),
        iti51_multi_patient_query.room(**asking),
        iti57_update.room(**writing, mask=MASKED),
        iti62_remove.room(ledger=ledger, policy=policy),
        iti92_restricted_update.room(**writing),
        *iti44_patient_feed.rooms(patients=patients, domain=domain, clock=clock, policy=policy),
    )


def _record_rooms(
    settings: Settings, ledger: SqlLedger, telling: Telling, trail: Trail, clock: Clock
) -> tuple[Room, ...]:
    """Return the rooms around a patient's record: where every trusted caller may all, none."""
    if settings.policy.permits_any_trusted:
        return ()
    entrance = Entrance(
        ledger=ledger,
        records=Records(ledger=ledger, policy=settings.policy, trail=trail),
        policy=settings.policy,
        domain=settings.domain,
        identifier_checks=CHECKS,
        telling=telling,
    )
    return (
        td02_existence.room(entrance=entrance, clock=clock),
        td03_authorisation.room(entrance=entrance),
        td04_my_records.room(entrance=entrance),
        *td11_open_and_close.rooms(entrance=entrance, clock=clock),
        td16_professionals.room(entrance=entrance),
    )


def _audiences(configured: str, own_url: str) -> tuple[str, ...]:
    """Return the names that an assertion may mean this service by."""
    others = (beside(own_url, path) for path in PATHS)
    return tuple(name for name in (configured, own_url, *others) if name)


def _vouched_only(settings: Settings) -> frozenset[str]:
    """Return what is taken from trusted Repositories alone: decisions, and by policy metadata."""
    return VOUCHED_ACTIONS if settings.policy.vouched_only else frozenset({REQUEST_ACTION})
