"""The version and the name of the distribution, in one place that costs nothing to import."""

__version__ = "0.1.0"
DISTRIBUTION = "ticket-booking-sim"
