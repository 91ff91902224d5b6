"""A ticket sale by many processes on one JSON file: see a race condition, prove it, replay it."""
