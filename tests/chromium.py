"""Whether this machine can run the browser tests, and what it lacks."""

import shutil
from importlib.util import find_spec

SIZES = {"projector": (1280, 720), "beamer": (1024, 768), "phone": (390, 844)}
"""Width and height in pixels."""

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def executable() -> str | None:
    """Return the path of the system's Chromium, None where there is none."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def missing() -> str | None:
    """Return what has to be installed before the browser tests can run, None where nothing is missing."""
    if find_spec("playwright") is None:
        return "Playwright; install it with: pip install -e '.[browser]'"
    if executable() is None:
        return "Chromium; install it with: apt-get install chromium"
    return None
