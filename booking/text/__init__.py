"""Numbers and names as people say them, and the hook of the notebook."""
