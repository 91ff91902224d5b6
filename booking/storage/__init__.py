"""Files: reading a small one, replacing one so that nobody sees half of it, and versions that are linked."""
