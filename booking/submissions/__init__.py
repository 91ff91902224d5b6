"""Files with a lock that others hand in: opened and proved in a confined child, judged, and reported."""
