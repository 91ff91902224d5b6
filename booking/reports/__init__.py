"""Reports: one file is one way to show a history. Each is a function of the history and its verdict."""
