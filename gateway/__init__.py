"""The HTTP edge: the Videos API in front of the ledger. Never waits for a network."""
