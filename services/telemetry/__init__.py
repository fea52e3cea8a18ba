"""Logs of all processes."""
