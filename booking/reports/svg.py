"""The picture of a sale as one static SVG image for slides and notebooks: the page's lanes without its panel.

Everything is drawn with presentation attributes, because a style sheet inside an inline image would reach the
document around it.
"""

from collections.abc import Collection, Iterator
from textwrap import wrap
from xml.sax.saxutils import escape

from booking.history.finding import SOUND
from booking.history.history import History
from booking.history.states import foremost
from booking.history.verdict import Verdict
from booking.reports.lanes import Arrow, Kind, Lane, Picture, Span, Tenure, draw
from booking.text.words import count_of, printable

WIDTH = 1280
MOST_LANES = 40
"""Of more buyers than this the foremost have a lane, the witnesses first, and a sentence counts the others."""

_LEFT, _RIGHT, _LANE, _LETTER = 190, 24, 34, 16
_WAITS = 72
"""The margin on the right in which the arrows of the wait-for graph are drawn."""
_LINE = 24
_FONT = f'font-family="system-ui, DejaVu Sans, sans-serif" font-size="{_LETTER}"'
_INK, _SOFT, _BAD, _GOOD = "#16181d", "#50555f", "#b03a00", "#00674b"

# Fill, pattern and letters of each kind of bar: Okabe and Ito, "Color universal design", 2008.
_LOOKS = {
    Kind.LOOK: ("#56b4e9", '<path d="M0 3h8M0 7h8" stroke="#1b6fa3"/>', _INK, "looks"),
    Kind.WAIT: ("#d5d8dd", '<path d="M-2 10L10 -2M-2 2L2 -2M6 10L10 6" stroke="#6b717c"/>', _INK, "waits for the lock"),
    Kind.READ: ("#0072b2", "", "#ffffff", "reads"),
    Kind.PAY: ("#f0e442", '<circle cx="4" cy="4" r="1.6" fill="#8f8600"/>', _INK, "pays"),
    Kind.EMPTY: ("#cc79a7", '<path d="M0 0L8 8M8 0L0 8" stroke="#6d2450"/>', _INK, "empties the file"),
    Kind.CELL: ("#dcd3ee", '<path d="M4 1v3M0 5v3" stroke="#5b3f94"/>', _INK, "touches a cell of the lock"),
    Kind.WRITE: ("#e69f00", '<path d="M2 0v8M6 0v8" stroke="#a85000"/>', _INK, "writes"),
}
_BANDS = {
    Kind.INSIDE: ('fill="#009e73" fill-opacity="0.22" stroke="#009e73"', "critical section"),
    Kind.UNGUARDED: ('fill="#b03a00" fill-opacity="0.08" stroke="#b03a00" stroke-dasharray="5 4"', "no lock"),
}


def render(history: History, verdict: Verdict) -> str:
    """Return the image: the verdict, a lane for each buyer or for the 40 foremost, and a legend."""
    picture = draw(history, verdict)
    lines = wrap(printable(verdict.sentence), 110)
    shown = {ending.buyer for ending in foremost(history, verdict, MOST_LANES)}
    layout = _Layout(history, picture, shown, top=40 + _LINE * len(lines))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {layout.height}" role="img" {_FONT}>',
        f"<title>{escape(printable(verdict.sentence))}</title>",
        f"<defs>{''.join(_patterns())}</defs>",
        f'<rect width="{WIDTH}" height="{layout.height}" fill="#ffffff"/>',
        *_heading(verdict, lines),
        *(part for lane in layout.lanes for part in _lane(lane, layout)),
        *(_arrow(arrow, layout) for arrow in picture.arrows if layout.shows(arrow)),
        *(_wait(buyer, holder, layout) for buyer, holder in picture.waits if layout.has(buyer, holder)),
        *(part for row, name in enumerate(picture.servers) for part in _server(row, name, layout)),
        *_footer(layout),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


class _Layout:
    """Where everything goes, in pixels."""

    def __init__(self, history: History, picture: Picture, shown: Collection[int], top: int) -> None:
        self.picture = picture
        self.lanes = [lane for lane in picture.lanes if lane.buyer in shown]
        self.hidden = len(picture.lanes) - len(self.lanes)
        self._events = history.events
        self._row = {lane.buyer: row for row, lane in enumerate(self.lanes)}
        self._top = top
        self._start = min((event.t_ns for event in history.events), default=0)
        self._length = max([event.t_ns - self._start for event in history.events] + [1])
        self._right = _WAITS if picture.waits else _RIGHT
        self.servers_top = top + _LANE * len(self.lanes)
        self.below = self.servers_top + _LANE * len(picture.servers) + 8
        self.height = self.below + 2 * _LINE + 12

    def x(self, index: int) -> float:
        """Return where an event lies from left to right."""
        room = WIDTH - _LEFT - self._right
        if self.picture.by_time:
            return _LEFT + room * (self._events[index].t_ns - self._start) / self._length
        return _LEFT + room * (index + 0.5) / len(self._events)

    def y(self, buyer: int) -> int:
        """Return the upper edge of a buyer's lane."""
        return self._top + _LANE * self._row[buyer]

    def middle(self, index: int) -> tuple[float, float]:
        """Return the middle of an event."""
        return self.x(index), self.y(self._events[index].buyer) + _LANE / 2

    def end(self, span: Span | Tenure) -> float:
        """Return where a span ends: at the right edge if it never came back."""
        return self.edge if span.end is None else self.x(span.end)

    @property
    def edge(self) -> float:
        """Return where the sale ends."""
        return WIDTH - self._right

    def has(self, *buyers: int) -> bool:
        """Return whether these buyers have lanes."""
        return all(buyer in self._row for buyer in buyers)

    def shows(self, arrow: Arrow) -> bool:
        """Return whether both ends of an arrow are in shown lanes."""
        return self.has(*(self._events[index].buyer for index in (arrow.start, arrow.end)))

    @property
    def axis(self) -> str:
        """Return what runs from left to right."""
        return f"real time, {self._length / 1e6:.3g} ms" if self.picture.by_time else "order of the events"


def _patterns() -> Iterator[str]:
    for kind, (fill, grain, _, _) in _LOOKS.items():
        yield (
            f'<pattern id="booking-{kind}" width="8" height="8" patternUnits="userSpaceOnUse">'
            f'<rect width="8" height="8" fill="{fill}"/><g fill="none" stroke-width="2">{grain}</g></pattern>'
        )
    for name, fill in (("head", _BAD), ("want", _INK)):
        yield (
            f'<marker id="booking-{name}" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="12" markerHeight="12"'
            f' markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L10 5L0 10z" fill="{fill}"/></marker>'
        )


def _heading(verdict: Verdict, lines: list[str]) -> Iterator[str]:
    colour = _GOOD if verdict.name == SOUND else _BAD
    yield _text(12, 28, verdict.label, f'font-size="24" font-weight="700" fill="{colour}"')
    for number, line in enumerate(lines):
        yield _text(12, 28 + _LINE * (number + 1), line, f'fill="{_INK}"')


def _lane(lane: Lane, layout: _Layout) -> Iterator[str]:
    y = layout.y(lane.buyer)
    yield f'<line x1="12" x2="{WIDTH - _RIGHT}" y1="{y + _LANE}" y2="{y + _LANE}" stroke="#dfe2e7"/>'
    yield _text(12, y + 22, lane.name, f'font-weight="700" fill="{_INK}"')
    yield _text(100, y + 22, lane.outcome, f'fill="{_SOFT}"')
    for span in layout.picture.spans:
        if span.buyer == lane.buyer:
            yield from _band(span, y, layout) if span.kind in _BANDS else _bar(span, y, layout)
    if lane.died is not None:
        yield _cross(layout.x(lane.died) + 8, y + _LANE // 2)


def _band(span: Span, y: int, layout: _Layout) -> Iterator[str]:
    yield _box(layout.x(span.start) - 3, y + 2, layout.end(span) + 3, _LANE - 4, _BANDS[span.kind][0])


def _bar(span: Span, y: int, layout: _Layout) -> Iterator[str]:
    start, end = layout.x(span.start) - 2, layout.end(span) + 2
    proof = {span.start, span.end} & set(layout.picture.witness)
    edge = f'stroke="{_BAD}" stroke-width="3"' if proof else 'stroke="#ffffff"'
    yield _box(start, y + 7, end, _LANE - 14, f'fill="url(#booking-{span.kind})" {edge}')
    room = (end - start) / (_LETTER * 0.62)
    label = next((text for text in (span.text, span.text.partition(" (")[0], span.short) if 0 < len(text) < room), None)
    if label:
        fill, _, letters, _ = _LOOKS[span.kind]
        halo = f'fill="{letters}" stroke="{fill}" stroke-width="5" paint-order="stroke" font-weight="700"'
        yield _text((start + end) / 2, y + 23, label, f'{halo} text-anchor="middle"')


def _box(start: float, top: float, end: float, height: float, look: str) -> str:
    return f'<rect x="{start:.1f}" y="{top}" width="{max(1, end - start):.1f}" height="{height}" rx="3" {look}/>'


def _arrow(arrow: Arrow, layout: _Layout) -> str:
    (x, y), (to_x, to_y) = layout.middle(arrow.start), layout.middle(arrow.end)
    bend = max(14, abs(to_x - x) * 0.4)
    edge = _LANE * 0.3 if y > to_y else -_LANE * 0.3
    curve = f"C{x + bend:.1f} {y} {to_x - bend / 4:.1f} {to_y + 3 * edge:.1f} {to_x:.1f} {to_y + edge:.1f}"
    return (
        f'<path d="M{x:.1f} {y}{curve}"'
        f' fill="none" stroke="{_BAD}" stroke-width="2" stroke-dasharray="7 4" marker-end="url(#booking-head)">'
        f"<title>{escape(arrow.text)}</title></path>"
    )


def _wait(buyer: int, holder: int, layout: _Layout) -> str:
    """Draw an arrow, right of the last event, from a buyer to the one whose lock it waits for."""
    x, y, to_y = layout.edge + 4, layout.y(buyer) + _LANE / 2, layout.y(holder) + _LANE / 2
    aside = _LANE * (0.22 if to_y > y else -0.22)
    bulge = min(_WAITS - 10, 24 + abs(to_y - y) / 4)
    curve = f"C{x + bulge:.1f} {y + aside:.1f} {x + bulge:.1f} {to_y - 2 * aside:.1f} {x:.1f} {to_y - aside:.1f}"
    return (
        f'<path d="M{x:.1f} {y + aside / 2:.1f}{curve}" fill="none" stroke="{_INK}" stroke-width="2"'
        f' marker-end="url(#booking-want)"><title>buyer {buyer} waits for buyer {holder}</title></path>'
    )


def _server(row: int, name: str, layout: _Layout) -> Iterator[str]:
    """Draw the lane of a clerk, a worker or a lock: whom it serves, or who holds it."""
    y = layout.servers_top + _LANE * row
    yield _text(12, y + 23, name, f'fill="{_SOFT}"')
    for one in layout.picture.servers[name]:
        start, end = layout.x(one.start) - 2, layout.end(one) + 2
        yield _box(start, y + 7, end, _LANE - 14, f'fill="#ffffff" stroke="{_SOFT}"')
        label = f"buyer {one.buyer}" if end - start > 9 * _LETTER * 0.62 else str(one.buyer)
        yield _text((start + end) / 2, y + 23, label, f'fill="{_INK}" text-anchor="middle"')


def _footer(layout: _Layout) -> Iterator[str]:
    x, y = 12, layout.below + 4
    shown_kinds = {span.kind for span in layout.picture.spans}
    for kind in [kind for kind in Kind if kind in shown_kinds]:
        look = _BANDS[kind][0] if kind in _BANDS else f'fill="url(#booking-{kind})"'
        name = _BANDS[kind][1] if kind in _BANDS else _LOOKS[kind][3]
        yield _box(x, y, x + 34, 16, look)
        yield _text(x + 40, y + 14, name, f'fill="{_INK}"')
        x += 70 + len(name) * 9
    if any(lane.died is not None for lane in layout.lanes):
        yield _cross(x + 8, y + 8)
        yield _text(x + 24, y + 14, "its process died", f'fill="{_INK}"')
    waits = " Arrows on the right lead to the buyer that holds the lock." if layout.picture.waits else ""
    more = f"; {count_of(layout.hidden, 'more buyer')} not shown" if layout.hidden else ""
    yield _text(12, y + 14 + _LINE, f"From left to right: {layout.axis}{more}.{waits}", f'fill="{_SOFT}"')


def _cross(x: float, y: float) -> str:
    return f'<path d="M{x - 6:.1f} {y - 6}l12 12m0 -12l-12 12" stroke="{_BAD}" stroke-width="3"/>'


def _text(x: float, y: float, text: str, look: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {look}>{escape(text)}</text>'
