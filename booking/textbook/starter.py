"""A file to begin with: a lock of the textbook by itself, or a blank one."""

import ast

from booking.textbook import TEXTBOOK

BLANK = "blank"
_BLANK = '''"""A lock. Prove it with `booking grade FILE`, and race it with `booking run --lock FILE`."""

from booking import Cell, Cells  # also AtomicCell, AtomicCells, fence


class MyLock:
    """What the buyers share is declared here; each access to a cell is one step."""

    flag = Cells(False)  # one for each buyer: self.flag[0] to self.flag[self.n - 1]
    turn = Cell(0)

    def acquire(self, me):
        """Return only when buyer `me` may enter; me is 0 to self.n - 1."""

    def release(self, me):
        """Let the next buyer in."""
'''


def starter_of(name: str) -> str:
    """Return a file with one lock of the textbook, or with a blank one."""
    if name == BLANK:
        return _BLANK
    lock = TEXTBOOK[name]
    source = lock.path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    [found] = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == lock.class_name]
    used = {node.id for node in ast.walk(found) if isinstance(node, ast.Name)}
    [cells] = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    names = ", ".join(alias.name for alias in cells.names if alias.name in used)
    text = ast.get_source_segment(source, found)
    return f'"""{lock.class_name} ({lock.source})."""\n\nfrom booking import {names}\n\n\n{text}\n'
