"""The dashboard: what the ledger and the hosts know, as pages. It reads; what it may start, it starts as a command."""
