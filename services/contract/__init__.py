"""The shared words: specs, jobs, casts, tensor names, errors. Standard library and pydantic only."""
