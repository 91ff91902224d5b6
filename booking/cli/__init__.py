"""The command line: thin commands that parse, call and print. What they call lives on the floors below."""
