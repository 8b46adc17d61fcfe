"""Queries of several patients (ITI-51) look codes up without a patient."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index(op.f("ix_codes_patient_id_attribute_code_scheme"), table_name="codes")
    op.create_index(
        op.f("ix_codes_attribute_code_scheme_entry_uuid"),
        "codes",
        ["attribute", "code", "scheme", "entry_uuid"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_codes_attribute_code_scheme_entry_uuid"), table_name="codes")
    op.create_index(
        op.f("ix_codes_patient_id_attribute_code_scheme"),
        "codes",
        ["patient_id", "attribute", "code", "scheme"],
        unique=False,
    )
