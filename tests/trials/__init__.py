"""One trial of each promise: a kill, a parent's death, a full disk. The tests make a few, benchmarks/torture.py many.

A trial returns what it found, and its `wrong` holds a sentence for all that was not as promised.
"""
