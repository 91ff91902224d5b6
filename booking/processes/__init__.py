"""Processes that end with their parent, and the pipes between them. Nothing in here knows about tickets."""
