"""The sale on paper: the buyers' own code, run against a script instead of a file. Pure."""
