"""The mathematics of sampling and decoding: pure functions on arrays, loops as generators."""
