"""The console script. It imports nothing heavy: spawned buyers import it again."""


def main() -> int:
    """Run the command line and return its exit status."""
    return 0
