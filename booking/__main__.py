"""`python -m booking` is the same as `booking`."""

import sys

from booking.cli.entry import main

if __name__ == "__main__":
    sys.exit(main())
