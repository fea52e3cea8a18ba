"""Families: the code behind casts of one architecture."""
