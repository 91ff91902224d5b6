"""The traffic light before a sale: how long until the gate opens, where somebody can see it."""

import math
import sys

_WIDTH = 40


def show_light(left: float) -> None:
    """Show the seconds that are left on a terminal's standard error; at 0 the light is green and the line is done."""
    if sys.stderr is None or not sys.stderr.isatty():
        return
    seconds = math.ceil(left)
    light = "GREEN   go!" if not seconds else f"{'YELLOW' if seconds == 1 else 'RED':<8}opens in {seconds} s"
    sys.stderr.write(f"\r{light:<{_WIDTH}}" + ("" if seconds else "\n"))
    sys.stderr.flush()
