"""How the networks of `moviegen-mini` are trained on the small world: one recipe, one process, per pair."""
