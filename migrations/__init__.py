"""The ledger's schema, step by step (Alembic); run by the Registry when it opens its ledger."""
