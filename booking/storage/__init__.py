"""Files: read a small one, replace one in one step, lock one, and compare and swap one by versions."""
