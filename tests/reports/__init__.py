"""Tests of the reports and of what they are drawn from."""
