"""The start methods. Spawn costs a hundred times what fork does, so the default run tries it once for each concept.

Files with a METHODS of their own are those where a concept is tried: the lock contract, a sale, clerks, a pool, the
room of processes, a replay.
"""

import pytest

METHODS = ["fork", *(pytest.param(method, marks=pytest.mark.slow) for method in ("spawn", "forkserver"))]
"""Fork by default, and all three with -m slow."""
