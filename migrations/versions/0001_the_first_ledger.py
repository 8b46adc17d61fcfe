"""The first ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "associations",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("entry_uuid", sa.Text(), nullable=False),
        sa.Column("logical_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("home", sa.Text(), nullable=False),
        sa.Column("fragment", sa.LargeBinary(), nullable=False),
        sa.Column("association_type", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_associations")),
        sa.UniqueConstraint("entry_uuid"),
    )
    op.create_index(
        op.f("ix_associations_logical_id"), "associations", ["logical_id"], unique=False
    )
    op.create_index(
        op.f("ix_associations_patient_id_status"),
        "associations",
        ["patient_id", "status"],
        unique=False,
    )
    op.create_index(op.f("ix_associations_source"), "associations", ["source"], unique=False)
    op.create_index(op.f("ix_associations_target"), "associations", ["target"], unique=False)
    op.create_table(
        "authors",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("patient_id", sa.Text(), nullable=False),
        sa.Column("entry_uuid", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_authors")),
    )
    op.create_index(op.f("ix_authors_entry_uuid"), "authors", ["entry_uuid"], unique=False)
    op.create_table(
        "codes",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("patient_id", sa.Text(), nullable=False),
        sa.Column("entry_uuid", sa.Text(), nullable=False),
        sa.Column("attribute", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_codes")),
    )
    op.create_index(
        op.f("ix_codes_entry_uuid_attribute_code_scheme"),
        "codes",
        ["entry_uuid", "attribute", "code", "scheme"],
        unique=False,
    )
    op.create_index(
        op.f("ix_codes_patient_id_attribute_code_scheme"),
        "codes",
        ["patient_id", "attribute", "code", "scheme"],
        unique=False,
    )
    op.create_table(
        "document_entries",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("entry_uuid", sa.Text(), nullable=False),
        sa.Column("logical_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("home", sa.Text(), nullable=False),
        sa.Column("fragment", sa.LargeBinary(), nullable=False),
        sa.Column("unique_id", sa.Text(), nullable=False),
        sa.Column("object_type", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("repository_unique_id", sa.Text(), nullable=False),
        sa.Column("creation_time", sa.Text(), nullable=False),
        sa.Column("service_start_time", sa.Text(), nullable=False),
        sa.Column("service_stop_time", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_document_entries")),
        sa.UniqueConstraint("entry_uuid"),
    )
    op.create_index(
        op.f("ix_document_entries_logical_id"), "document_entries", ["logical_id"], unique=False
    )
    op.create_index(
        op.f("ix_document_entries_patient_id_status_object_type"),
        "document_entries",
        ["patient_id", "status", "object_type"],
        unique=False,
    )
    op.create_index(
        op.f("ix_document_entries_unique_id"), "document_entries", ["unique_id"], unique=False
    )
    op.create_table(
        "folders",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("entry_uuid", sa.Text(), nullable=False),
        sa.Column("logical_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("home", sa.Text(), nullable=False),
        sa.Column("fragment", sa.LargeBinary(), nullable=False),
        sa.Column("unique_id", sa.Text(), nullable=False),
        sa.Column("last_update_time", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_folders")),
        sa.UniqueConstraint("entry_uuid"),
    )
    op.create_index(op.f("ix_folders_logical_id"), "folders", ["logical_id"], unique=False)
    op.create_index(
        op.f("ix_folders_patient_id_status"), "folders", ["patient_id", "status"], unique=False
    )
    op.create_index(op.f("ix_folders_unique_id"), "folders", ["unique_id"], unique=False)
    op.create_table(
        "patients",
        sa.Column("patient_id", sa.Text(), nullable=False),
        sa.Column("known_since", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("patient_id", name=op.f("pk_patients")),
    )
    op.create_table(
        "submission_sets",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("entry_uuid", sa.Text(), nullable=False),
        sa.Column("logical_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("home", sa.Text(), nullable=False),
        sa.Column("fragment", sa.LargeBinary(), nullable=False),
        sa.Column("unique_id", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("submission_time", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_submission_sets")),
        sa.UniqueConstraint("entry_uuid"),
        sa.UniqueConstraint("unique_id"),
    )
    op.create_index(
        op.f("ix_submission_sets_logical_id"), "submission_sets", ["logical_id"], unique=False
    )
    op.create_index(
        op.f("ix_submission_sets_patient_id_submission_time"),
        "submission_sets",
        ["patient_id", "submission_time"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index(
        op.f("ix_submission_sets_patient_id_submission_time"), table_name="submission_sets"
    )
    op.drop_index(op.f("ix_submission_sets_logical_id"), table_name="submission_sets")
    op.drop_table("submission_sets")
    op.drop_table("patients")
    op.drop_index(op.f("ix_folders_unique_id"), table_name="folders")
    op.drop_index(op.f("ix_folders_patient_id_status"), table_name="folders")
    op.drop_index(op.f("ix_folders_logical_id"), table_name="folders")
    op.drop_table("folders")
    op.drop_index(op.f("ix_document_entries_unique_id"), table_name="document_entries")
    op.drop_index(
        op.f("ix_document_entries_patient_id_status_object_type"), table_name="document_entries"
    )
    op.drop_index(op.f("ix_document_entries_logical_id"), table_name="document_entries")
    op.drop_table("document_entries")
    op.drop_index(op.f("ix_codes_patient_id_attribute_code_scheme"), table_name="codes")
    op.drop_index(op.f("ix_codes_entry_uuid_attribute_code_scheme"), table_name="codes")
    op.drop_table("codes")
    op.drop_index(op.f("ix_authors_entry_uuid"), table_name="authors")
    op.drop_table("authors")
    op.drop_index(op.f("ix_associations_target"), table_name="associations")
    op.drop_index(op.f("ix_associations_source"), table_name="associations")
    op.drop_index(op.f("ix_associations_patient_id_status"), table_name="associations")
    op.drop_index(op.f("ix_associations_logical_id"), table_name="associations")
    op.drop_table("associations")
