"""The small world: seeded short films of moving shapes, with sound and captions, in numpy alone."""
