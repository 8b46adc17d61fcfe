"""greffe."""
