"""The Repository's parts, opened from its settings: vault, way to the Registry, gate, trail, rooms.

Wiring only, on one screen; what a part does is in its own module. Tests pass other parts.
"""

from dataclasses import dataclass, replace

from dmp.dsg_set import SetSignatures
from dmp.vihf import profile_of
from repository.authorization import (
    DECISION_SECONDS,
    NOBODY_ASKED,
    AskRegistry,
    Authorization,
)
from repository.credentials import Credentials, Forwarding, Vouching
from repository.iti41_provide import handle as iti41_provide
from repository.iti43_retrieve import handle as iti43_retrieve
from repository.iti86_remove import handle as iti86_remove
from repository.registry_client import RegistryClient
from repository.vault.api import Vault
from repository.vault.files import open_blobs
from repository.vault.index import SqlIndex, open_index
from repository.vault.removing import erase_doomed
from xds.audit.trail import Trail
from xds.clock import Clock, now
from xds.limits import Limits
from xds.security.gate import Gate
from xds.security.onetime import UsesOnDisk
from xds.security.signature import Signer
from xds.security.trust import Trust
from xds.settings import Settings
from xds.story import Room


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """An open Repository."""

    rooms: tuple[Room, ...]
    gate: Gate
    trail: Trail
    clock: Clock
    limits: Limits
    reply_to_hosts: frozenset[str]
    index: SqlIndex
    own_url: str = ""
    """The address under which callers reach it."""

    def close(self) -> None:
        """Close what holds files and connections."""
        self.trail.close()
        self.index.close()


def open_repository(settings: Settings, clock: Clock = now, own_url: str = "") -> Repository:
    """Open every part; staging is swept here, and what a removal left is erased.

    `own_url` is the address under which callers reach the service: an assertion may name it as its
    audience (ITI TF-2 §3.40.4.1.2).

    Errors: VaultError, TrustError, OSError, each naming what cannot be opened.
    """
    credentials = _credentials(settings)
    registry = RegistryClient(url=settings.registry_url)
    authorization = _authorization(settings, registry, credentials)
    index = open_index(settings.vault_index_url)
    vault = Vault(blobs=open_blobs(settings.vault_folder), index=index)
    erase_doomed(vault)
    return Repository(
        rooms=(
            iti41_provide.room(
                vault=vault,
                registry=registry,
                credentials=credentials,
                repository_unique_id=settings.repository_unique_id,
                domain=settings.domain,
                signatures=SetSignatures(
                    trust=Trust.from_files(
                        anchors=settings.trust_anchors,
                        barred=(settings.repository_certificate,),
                        revocation_lists=settings.revocation_lists,
                    ),
                    is_required=settings.domain.submission_signature_required,
                ),
                authorization=authorization,
            ),
            iti43_retrieve.room(
                vault=vault,
                repository_unique_id=settings.repository_unique_id,
                authorization=authorization,
            ),
            iti86_remove.room(
                vault=vault,
                repository_unique_id=settings.repository_unique_id,
                authorization=authorization,
            ),
        ),
        gate=_gate(settings, own_url),
        trail=Trail(settings.audit_folder / "repository.jsonl"),
        clock=clock,
        limits=settings.limits,
        reply_to_hosts=settings.reply_to_hosts,
        index=index,
        own_url=own_url,
    )


def _gate(settings: Settings, own_url: str) -> Gate:
    return Gate.from_files(
        profile=profile_of(settings.domain, bind_signer=settings.bind_signer),
        anchors=settings.trust_anchors,
        audiences=tuple(a for a in (settings.audience, own_url) if a),
        clock_skew_seconds=settings.clock_skew_seconds,
        one_time=UsesOnDisk(settings.home / "repository" / "one-time.db"),
        barred=(settings.repository_certificate,),
        revocation_lists=settings.revocation_lists,
    )


def _authorization(
    settings: Settings, registry: RegistryClient, credentials: Credentials
) -> Authorization:
    if settings.policy.permits_any_trusted:
        return NOBODY_ASKED
    return AskRegistry(
        registry=replace(registry, answer_seconds=DECISION_SECONDS),
        credentials=credentials,
        repository_unique_id=settings.repository_unique_id,
    )


def _credentials(settings: Settings) -> Credentials:
    if settings.second_leg == "forward":
        return Forwarding()
    return Vouching(
        signer=Signer.from_files(settings.repository_certificate, settings.repository_key),
        audience=settings.audience,
    )
