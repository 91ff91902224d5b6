"""One chosen interleaving, made to happen with real processes, and compared with what the model says of it."""
