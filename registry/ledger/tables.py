"""The ledger's tables: columns that queries filter by, and the fragment that answers are made of.

Spec: ITI TF-2 §3.18.4.1.2.3.7 (the parameters of stored queries). Every big table carries
`patient_id` and can be partitioned by it. Times are 14 digits, which sort as time does; '' is
absent.
"""

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"}
)
# SQLite gives a rowid only to INTEGER; PostgreSQL wants 64 bits.
Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _object(name: str, *columns: sa.Column[str] | sa.Column[int] | sa.Index) -> sa.Table:
    """Return a table of registered objects: what all kinds have, then their own columns."""
    return sa.Table(
        name,
        metadata,
        sa.Column("seq", Serial, primary_key=True, autoincrement=True),
        sa.Column("entry_uuid", sa.Text, nullable=False, unique=True),
        sa.Column("logical_id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("patient_id", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("home", sa.Text, nullable=False),
        sa.Column("fragment", sa.LargeBinary, nullable=False),
        *columns,
        sa.Index(None, "logical_id"),
    )


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


patients = sa.Table(
    "patients",
    metadata,
    sa.Column("patient_id", sa.Text, primary_key=True),
    _text("known_since"),
    sa.Column("merged_into", sa.Text, nullable=False, server_default=""),
    sa.Index(None, "merged_into"),
)

submission_sets = _object(
    "submission_sets",
    sa.Column("unique_id", sa.Text, nullable=False, unique=True),
    _text("source_id"),
    _text("submission_time"),
    _text("fingerprint"),
    _text("message_id"),
    sa.Index(None, "patient_id", "submission_time"),
)

document_entries = _object(
    "document_entries",
    _text("unique_id"),
    _text("object_type"),
    _text("hash"),
    sa.Column("size", sa.BigInteger, nullable=False),
    _text("repository_unique_id"),
    sa.Column("source_patient_id", sa.Text, nullable=False, server_default=""),
    _text("creation_time"),
    _text("service_start_time"),
    _text("service_stop_time"),
    sa.Column("access", sa.Text, nullable=False, server_default=""),
    sa.Index(None, "unique_id"),
    sa.Index(None, "patient_id", "status", "object_type"),
    # All that an access decision needs, without a look at the rows, whose fragments are long.
    sa.Index(None, "patient_id", "access", "status"),
)

folders = _object(
    "folders",
    _text("unique_id"),
    _text("last_update_time"),
    sa.Index(None, "unique_id"),
    sa.Index(None, "patient_id", "status"),
)

associations = _object(
    "associations",
    _text("association_type"),
    _text("source"),
    _text("target"),
    sa.Index(None, "source"),
    sa.Index(None, "target"),
    sa.Index(None, "patient_id", "status"),
)

codes = sa.Table(
    "codes",
    metadata,
    sa.Column("seq", Serial, primary_key=True, autoincrement=True),
    _text("patient_id"),
    _text("entry_uuid"),
    _text("attribute"),
    _text("code"),
    _text("scheme"),
    sa.Index(None, "entry_uuid", "attribute", "code", "scheme"),
    sa.Index(None, "attribute", "code", "scheme", "entry_uuid"),
)
"""Coded values, and referenceIdList (whole CXi as code, no scheme)."""

authors = sa.Table(
    "authors",
    metadata,
    sa.Column("seq", Serial, primary_key=True, autoincrement=True),
    _text("patient_id"),
    _text("entry_uuid"),
    _text("person"),
    sa.Index(None, "entry_uuid"),
)

records = sa.Table(
    "records",
    metadata,
    sa.Column("seq", Serial, primary_key=True, autoincrement=True),
    sa.Column("patient_id", sa.Text, nullable=False, unique=True),
    _text("state"),
    _text("since"),
    sa.Column("masks_new", sa.Boolean, nullable=False),
    sa.Column("regulation", sa.Boolean, nullable=False),
    sa.Column("break_glass", sa.Boolean, nullable=False),
    sa.Column("masked_in_emergency", sa.Boolean, nullable=False),
    _text("email"),
    _text("language"),
)
"""What patients decided; none for whom nothing was ever chosen."""

record_people = sa.Table(
    "record_people",
    metadata,
    sa.Column("seq", Serial, primary_key=True, autoincrement=True),
    _text("patient_id"),
    _text("identity"),
    _text("standing"),
    _text("since"),
    _text("until"),
    _text("name"),
    _text("specialty"),
    _text("last_action"),
    sa.Column("is_structure", sa.Boolean, nullable=False),
    sa.UniqueConstraint("patient_id", "identity", "standing"),
    sa.Index(None, "identity", "standing"),
)

letters = sa.Table(
    "letters",
    metadata,
    sa.Column("seq", Serial, primary_key=True, autoincrement=True),
    sa.Column("message_id", sa.Text, nullable=False, unique=True),
    _text("patient_id"),
    _text("address"),
    _text("language"),
    _text("instant"),
    _text("role"),
    _text("structure"),
    _text("mode"),
    _text("caller"),
    _text("state"),
    _text("due"),
    _text("changed"),
    _text("problem"),
    sa.Column("holder", sa.Text, nullable=False, server_default=""),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    sa.Column("doubts", sa.Integer, nullable=False, server_default="0"),
    sa.Index(None, "patient_id"),
    sa.Index(None, "state", "due"),
)
"""What is to be told to patients by mail, or was: `registry.ledger.letters`."""
