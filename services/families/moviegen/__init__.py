"""Movie Gen's networks in torch (arXiv 2410.13720); `casts` builds each by name."""
