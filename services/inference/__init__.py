"""The client of Triton: one typed function per model that a worker calls."""
