"""What updates, merges and moves of patients look up."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "patients", sa.Column("merged_into", sa.Text(), nullable=False, server_default="")
    )
    op.create_index(op.f("ix_patients_merged_into"), "patients", ["merged_into"], unique=False)
    op.add_column(
        "document_entries",
        sa.Column("source_patient_id", sa.Text(), nullable=False, server_default=""),
    )


def downgrade() -> None:
    op.drop_column("document_entries", "source_patient_id")
    op.drop_index(op.f("ix_patients_merged_into"), table_name="patients")
    op.drop_column("patients", "merged_into")
