"""The ledger in Redis: rows, leases, queue, sweeper. Redis is the truth, the broker only carries ids."""
