"""Tell a way through the states as steps: who touched which cell in which line, and what all cells hold afterwards."""

import linecache
from collections.abc import Iterable

from booking import cells
from booking.cells import Access, Value
from booking.grading.buyer import Phase
from booking.grading.finding import Step
from booking.grading.moments import Place
from booking.grading.product import Buffer, Product


def steps_along(product: Product, agents: Iterable[int], state: int = 0) -> tuple[Step, ...]:
    """Return the steps that these agents take from a state."""
    steps = []
    for agent in agents:
        behind = product.after[state * product.agents + agent]
        steps.append(_step(product, state, agent, behind))
        state = behind
    return tuple(steps)


def _step(product: Product, state: int, agent: int, behind: int) -> Step:
    me = agent % len(product.buyers)
    place = product.place(me, state)
    stop = product.buyers[me].locals[place.local].stop
    access, told, kind = stop.access or Access("fence"), None, ""
    line = stop.place
    if agent >= len(product.buyers):
        (cell, value), line = place.buffer[0], Place("", 0)
        access, kind = Access("write", *product.cells[cell], cells.unpack(product.values[value])), "flush"
    elif stop.access is None:
        kind = "enter" if product.phase(me, state) is Phase.OUTSIDE else "leave"
    else:
        kind, told = access.kind, _told(product, state, place.buffer, access)
    names = product.texts
    values = dict(zip(names, product.cell_values(behind), strict=True))
    name = names[product.cells.index((access.name, access.at))] if access.name else ""
    others = range(len(product.buyers))
    return Step(
        buyer=me + 1,
        cell=name,
        kind=kind,
        value=access.value if access.kind in {"write", "set"} else told if access.kind == "read" else values.get(name),
        was=told,
        file=line.file,
        line=line.line,
        source=linecache.getline(line.file, line.line).strip() if line.line else "",
        cells=values,
        buffers=tuple(_buffer(product, names, other, behind) for other in others) if product.is_tso else (),
        inside=tuple(other + 1 for other in others if product.phase(other, behind) is Phase.INSIDE),
    )


def _told(product: Product, state: int, buffer: Buffer, access: Access) -> Value:
    if not access.name or access.kind == "write":
        return None
    cell = product.cells.index((access.name, access.at))
    own = [product.values[value] for at, value in buffer if at == cell]
    held = cells.pack(product.cell_values(state)[cell])
    return cells.apply(access, own[-1] if own else held)[1]


def _buffer(product: Product, names: list[str], me: int, state: int) -> tuple[tuple[str, Value], ...]:
    return tuple((names[cell], cells.unpack(product.values[value])) for cell, value in product.place(me, state).buffer)
