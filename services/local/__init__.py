"""The embedded stack: Redis, Triton, gateway and worker as processes of one machine."""
