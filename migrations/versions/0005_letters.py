"""Letters to patients whose record was opened in an emergency."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXTS = (
    "patient_id",
    "address",
    "language",
    "instant",
    "role",
    "structure",
    "mode",
    "caller",
    "state",
    "due",
    "changed",
    "problem",
)


def upgrade() -> None:
    op.create_table(
        "letters",
        sa.Column("seq", Serial, autoincrement=True, nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in TEXTS),
        sa.Column("holder", sa.Text(), nullable=False, server_default=""),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("doubts", sa.Integer(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_letters")),
        sa.UniqueConstraint("message_id"),
    )
    op.create_index(op.f("ix_letters_patient_id"), "letters", ["patient_id"], unique=False)
    op.create_index(op.f("ix_letters_state_due"), "letters", ["state", "due"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_letters_state_due"), table_name="letters")
    op.drop_index(op.f("ix_letters_patient_id"), table_name="letters")
    op.drop_table("letters")
