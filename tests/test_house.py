"""The house itself: who may import whom, what the lower floors may not do, and how things are named."""

import ast
import json
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "booking").rglob("*.py"))

FLOORS = {
    "errors": 0,
    "steps": 0,
    "text": 0,
    "trains": 0,
    "version": 0,
    "purchase": 1,  # it stands on nothing; a history names the outcomes that it defines
    "scenario": 1,
    "setup": 1,
    "storage": 1,
    "history": 2,
    "lock_free": 3,
    "locks": 3,
    "stores": 3,
    "registry": 4,
    "processes": 5,
    "model": 5,
    "explorer": 5,
    "simulation": 5,
    "replayer": 6,
    "compare": 6,
    "reports": 6,
    "game": 6,
    "live": 6,
    "office": 6,
    "strategies": 6,
    "": 7,  # booking/__init__.py, the public names
    "cli": 8,
    "__main__": 8,
}
"""The floor of each room directly under booking/: a new one is given its floor here."""

LEAVES = ("stores",)
IMPURE = {"time", "datetime", "random", "secrets", "subprocess", "uuid"}
ALLOWED_IMPURITY = {"booking.locks.descriptor": {"time.sleep", "time.monotonic"}}  # its poll, and when that has to end
FORBIDDEN_WORDS = {"manager", "handler", "helper", "util", "engine", "service"}
LONGEST_FUNCTION = 50


def module_of(path: Path) -> str:
    """Return the dotted name of a source file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


TREES = {module_of(path): ast.parse(path.read_text("utf-8")) for path in SOURCES}


def room_of(module: str) -> str:
    """Return the first name below `booking`, empty for the package itself."""
    return module.partition(".")[2].partition(".")[0]


def floor_of(module: str) -> int:
    """Return the floor of the room that a module belongs to."""
    room = room_of(module)
    assert room in FLOORS, f"{module} has no floor: name one in FLOORS"
    return FLOORS[room]


def imports_of(module: str) -> set[str]:
    """Return the modules of ours that a module imports anywhere, lazily or for its types included."""
    found = set()
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports by dots in line {node.lineno}: name the room in full"
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (inside & TREES.keys()) or {str(node.module)}
    return found & TREES.keys()


def calls_of(tree: ast.AST) -> Iterator[str]:
    """Yield the name of everything that is called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def public_definitions(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, ast.AST]]:
    """Yield the public classes, functions and methods; what is defined inside a function is private."""
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if node.name.startswith("_"):
                continue
            yield f"{prefix}.{node.name}", node
            if isinstance(node, ast.ClassDef):
                yield from public_definitions(node.body, f"{prefix}.{node.name}")


def words_of(name: str) -> set[str]:
    """Return the words of a name in snake_case or CamelCase, in the singular."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name).replace("_", " ").replace("-", " ")
    return {word.lower().removesuffix("s") for word in spaced.split()}


def texts() -> Iterator[tuple[str, str]]:
    """Yield the name and the content of every text that belongs to the project."""
    folders = ("booking", "data", "tests", "benchmarks", "docs", ".ci")
    inside = (path for folder in folders for path in (ROOT / folder).rglob("*"))
    for path in sorted({*inside, *ROOT.glob("*.md"), *ROOT.glob("*.toml")}):
        if path.is_file() and "__pycache__" not in path.parts and b"\0" not in path.read_bytes():
            yield str(path.relative_to(ROOT)), path.read_text("utf-8")


@pytest.mark.parametrize("module", TREES)
def test_floors_import_downward_only(module: str) -> None:
    """A room may import from its own floor and from those below, never from above."""
    upward = {name for name in imports_of(module) if floor_of(name) > floor_of(module)}
    assert upward == set()


def test_there_are_no_circles() -> None:
    """No chain of imports, however lazy, comes back to where it began. A circle raises CycleError."""
    order = tuple(TopologicalSorter({module: imports_of(module) for module in TREES}).static_order())
    assert sorted(order) == sorted(TREES)


@pytest.mark.parametrize("folder", LEAVES)
def test_leaves_of_one_folder_do_not_import_each_other(folder: str) -> None:
    """A lock, a store or a report is one file that can be read, copied or removed alone."""
    leaves = {module for module in TREES if module.startswith(f"booking.{folder}.")}
    siblings = {module: imports_of(module) & leaves for module in leaves | {f"booking.{folder}"}}
    assert [module for module, imported in siblings.items() if imported] == []


@pytest.mark.parametrize("module", [module for module in TREES if FLOORS.get(room_of(module), 0) < 5])
def test_the_lower_floors_are_pure(module: str) -> None:
    """Below floor 5 nothing reads a clock, rolls dice, starts a process or prints."""
    imported = {
        alias.name.partition(".")[0]
        for node in ast.walk(TREES[module])
        if isinstance(node, ast.Import)
        for alias in node.names
    } | {str(node.module).partition(".")[0] for node in ast.walk(TREES[module]) if isinstance(node, ast.ImportFrom)}
    allowed = ALLOWED_IMPURITY.get(module, set())
    assert imported & IMPURE == {name.partition(".")[0] for name in allowed}
    calls = set(calls_of(TREES[module]))
    assert {call for call in calls if call.partition(".")[0] in IMPURE} == allowed
    assert calls & {"print", "input", "os.fork", "os.system", "os.posix_spawn", "sys.exit"} == set()


@pytest.mark.parametrize("module", TREES)
def test_public_names_have_docstrings(module: str) -> None:
    """Every module, and every public class, function and method in it, says what it is for."""
    definitions = [(module, TREES[module]), *public_definitions(TREES[module].body, module)]
    assert [name for name, node in definitions if not ast.get_docstring(node)] == []


@pytest.mark.parametrize("module", TREES)
def test_names_say_what_a_thing_is(module: str) -> None:
    """No file, class or function is named with a word that fits everything."""
    definitions = (
        node.name
        for node in ast.walk(TREES[module])
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    )
    names = [*module.split("."), *definitions]
    assert [name for name in names if words_of(name) & FORBIDDEN_WORDS] == []


@pytest.mark.parametrize("module", TREES)
def test_functions_fit_in_the_eye(module: str) -> None:
    """No function has more than 50 lines, docstring included."""
    functions = (node for node in ast.walk(TREES[module]) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    lengths = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in functions}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FUNCTION} == {}


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param(r"(?<![\w.$}])/(?:home|root|tmp|Users|work)/\w+", id="machine-path"),
        pytest.param(r"\b[A-Z]:\\+Users", id="windows-path"),
        pytest.param(r"(?i)py(?:pi|thonhosted)\.org|index-url\s*=?\s*http", id="package-index"),
    ],
)
def test_no_text_depends_on_somebodys_machine(pattern: str) -> None:
    """No file names a path of one machine or the host of a package index."""
    assert [(name, found[0]) for name, text in texts() if (found := re.search(pattern, text))] == []


def test_the_store_in_the_repository_holds_one_ticket() -> None:
    """`data/db.json` is what the tutorial begins with, whatever the tests have done."""
    assert json.loads((ROOT / "data" / "db.json").read_bytes()) == {"count": 1}
