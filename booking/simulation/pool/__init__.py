"""A sale whose buyers are played by a pool of a few processes."""
