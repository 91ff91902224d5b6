"""What happened in a sale, and what to say about it: pure functions of plain data."""
