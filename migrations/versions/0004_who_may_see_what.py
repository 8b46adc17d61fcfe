"""What an access decision needs: facts of every document, and the patients' records.

Facts of what is registered already are told by its fragments; who deposited it is not known.
"""

import sqlalchemy as sa
from alembic import op

# Why code of today in a migration: the facts are derived, and only the newest form of them counts.
from registry.access.facts import NOBODY, write_facts
from xds.ebrim.reader import read_fragment
from xds.metadata.views import read_document_entry

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

PORTION = 500
SHARED = """
UPDATE document_entries SET access = (
    SELECT latest.access FROM document_entries AS latest
    WHERE latest.logical_id = document_entries.logical_id
    ORDER BY latest.version DESC LIMIT 1
)
WHERE EXISTS (
    SELECT 1 FROM document_entries AS later
    WHERE later.logical_id = document_entries.logical_id
    AND later.version > document_entries.version
)
"""
"""All versions of a document have the facts of the latest one."""


def upgrade() -> None:
    op.add_column(
        "document_entries", sa.Column("access", sa.Text(), nullable=False, server_default="")
    )
    _write_facts(op.get_bind())
    op.create_index(
        op.f("ix_document_entries_patient_id_access_status"),
        "document_entries",
        ["patient_id", "access", "status"],
        unique=False,
    )
    op.create_table(
        "records",
        _serial(),
        sa.Column("patient_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("since", sa.Text(), nullable=False),
        sa.Column("masks_new", sa.Boolean(), nullable=False),
        sa.Column("regulation", sa.Boolean(), nullable=False),
        sa.Column("break_glass", sa.Boolean(), nullable=False),
        sa.Column("masked_in_emergency", sa.Boolean(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_records")),
        sa.UniqueConstraint("patient_id"),
    )
    op.create_table(
        "record_people",
        _serial(),
        sa.Column("patient_id", sa.Text(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("since", sa.Text(), nullable=False),
        sa.Column("until", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("specialty", sa.Text(), nullable=False),
        sa.Column("last_action", sa.Text(), nullable=False),
        sa.Column("is_structure", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_record_people")),
        sa.UniqueConstraint("patient_id", "identity", "standing"),
    )
    op.create_index(
        op.f("ix_record_people_identity_standing"),
        "record_people",
        ["identity", "standing"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_record_people_identity_standing"), table_name="record_people")
    op.drop_table("record_people")
    op.drop_table("records")
    op.drop_index(
        op.f("ix_document_entries_patient_id_access_status"), table_name="document_entries"
    )
    op.drop_column("document_entries", "access")


def _serial() -> sa.Column[int]:
    return sa.Column(
        "seq",
        sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
        autoincrement=True,
        nullable=False,
    )


def _write_facts(connection: sa.Connection) -> None:
    entries = sa.table("document_entries", *map(sa.column, ("seq", "fragment", "access")))
    change = (
        sa.update(entries)
        .where(entries.c.seq == sa.bindparam("of"))
        .values(access=sa.bindparam("facts"))
    )
    after = -1
    while rows := connection.execute(
        sa.select(entries.c.seq, entries.c.fragment)
        .where(entries.c.seq > after)
        .order_by(entries.c.seq)
        .limit(PORTION)
    ).all():
        connection.execute(change, [{"of": r.seq, "facts": _facts(r.fragment)} for r in rows])
        after = rows[-1].seq
    connection.execute(sa.text(SHARED))


def _facts(fragment: bytes) -> str:
    return write_facts(read_document_entry(read_fragment(fragment)), NOBODY)
