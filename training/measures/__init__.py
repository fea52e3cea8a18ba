"""Detectors that know pixels, samples and the frame rate, and nothing of scenes or networks."""
