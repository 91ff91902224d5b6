"""Buyers that are killed or frozen in a step, on purpose."""
