"""Training of `moviegen-mini`: the small world, recipes and evaluation."""
