"""A running node: its leases on the home, its servers, and the processes that they are."""
