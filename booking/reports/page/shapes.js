// What is drawn over the bars, and the patterns in them.

function drawStop(end, top, parts) {
  const middle = top + size.lane / 2, arm = Math.min(size.lane * 0.3, size.letter * 0.6), right = end + arm + 3;
  shape("path", { class: "stop", d: `M${right - arm} ${middle - arm}L${right + arm} ${middle + arm}M${right + arm} ${middle - arm}L${right - arm} ${middle + arm}` }, parts);
}

function drawArrows(first, end, parts) {
  const now = moment(view.position)[1];
  for (const [from, to] of view.scene.arrows) {
    const buyers = [moment(from)[1], moment(to)[1]], [up, down] = buyers.map((buyer) => view.scene.row.get(buyer));
    if (Math.max(up, down) < first || Math.min(up, down) >= end) continue;
    const [sx, ex, sy, ey] = [x(from), x(to), y(up) + size.lane / 2, y(down) + size.lane / 2];
    if (Math.max(sx, ex) < size.left || Math.min(sx, ex) > size.width) continue;
    const bend = Math.max(14, Math.abs(ex - sx) * 0.4), dy = Math.sign(sy - ey) * size.lane * 0.3;
    shape("path", { class: buyers.includes(now) ? "arrow now" : "arrow", d: `M${sx} ${sy}C${sx + bend} ${sy} ${ex - bend / 4} ${ey + dy * 3} ${ex} ${ey + dy}` }, parts);
  }
}

// The wait-for graph at the end: from each buyer that waits to the one that holds the lock, right of the last event.
function drawWaits(parts) {
  const start = x(view.scene.last) + size.unit / 2 + 4, now = moment(view.position)[1];
  view.scene.waits.forEach(([buyer, holder]) => {
    const from = y(view.scene.row.get(buyer)) + size.lane / 2, to = y(view.scene.row.get(holder)) + size.lane / 2;
    const aside = Math.sign(to - from) * size.lane * 0.22, bulge = size.letter * Math.min(3.4, 1.6 + Math.abs(from - to) / size.lane / 4);
    shape("path", { class: buyer === now ? "wants now" : "wants", d: `M${start} ${from + aside / 2}C${start + bulge} ${from + aside} ${start + bulge} ${to - aside * 2} ${start + 3} ${to - aside}` }, parts);
  });
}

function drawCursor(parts) {
  const here = x(view.position), row = view.scene.row.get(moment(view.position)[1]);
  shape("line", { class: "cursor", x1: here, x2: here, y1: size.top, y2: size.height }, parts);
  if (row === undefined) return;
  const top = y(row), low = top + size.lane, arm = size.lane * 0.2;
  shape("path", { class: "here", d: `M${here - arm} ${top}h${2 * arm}l${-arm} ${arm}zM${here - arm} ${low}h${2 * arm}l${-arm} ${-arm}z` }, parts);
}

// The round values on the axis that are in view, each with its place: rows of value and pixels.
function ticks() {
  const total = view.axis === "order" ? view.scene.last : view.scene.length, scrolled = paper.on ? 0 : chart.scrollLeft;
  const step = niceStep((total / size.wide) * size.letter * 7), found = [];
  const seen = (scrolled / size.wide) * total, end = Math.min(total, seen + (size.width / size.wide) * total);
  for (let value = Math.floor(seen / step) * step; value <= end; value += step) {
    found.push([value, view.axis === "order" ? x(value) : size.left + (value / total) * size.wide - scrolled]);
  }
  return found;
}

function drawTicks(parts) {
  for (const [, place] of ticks()) shape("line", { class: "tick", x1: place, x2: place, y1: size.top - 6, y2: size.height }, parts);
}

function drawAxis(parts) {
  shape("rect", { class: "column", x: 0, y: 0, width: size.width, height: size.top - 6 }, parts);
  const name = (value) => (view.axis === "order" ? `${value}` : duration(value));
  for (const [value, place] of ticks()) {
    if (place >= size.left) shape("text", { class: "mark", x: place, y: size.top * 0.62, "text-anchor": value ? "middle" : "start" }, parts, name(value));
  }
  const here = x(view.position);
  shape("path", { class: "handle", d: `M${here - 8} ${size.top - 10}h16l-8 11z` }, parts);
}

function niceStep(least) {
  const size = 10 ** Math.floor(Math.log10(Math.max(least, 1)));
  return [1, 2, 5, 10].map((factor) => factor * size).find((step) => step >= least) ?? 10 * size;
}

const GRAINS = {
  look: ["path", { d: "M0 3h8M0 7h8" }],
  wait: ["path", { d: "M-2 10L10 -2M-2 2L2 -2M6 10L10 6" }],
  pay: ["circle", { cx: 4, cy: 4, r: 1.6 }],
  empty: ["path", { d: "M0 0L8 8M8 0L0 8" }],
  cell: ["path", { d: "M4 1v3M0 5v3" }],
  write: ["path", { d: "M2 0v8M6 0v8" }],
};

function patterns() {
  const defs = shape("defs", {});
  for (const kind in GRAINS) {
    const pattern = shape("pattern", { id: `grain-${kind}`, class: `${kind} grain`, width: 8, height: 8, patternUnits: "userSpaceOnUse" }, defs);
    shape(...GRAINS[kind], pattern);
  }
  for (const name of ["head", "want"]) {
    const head = shape("marker", { id: name, viewBox: "0 0 10 10", refX: 8, refY: 5, markerWidth: 13, markerHeight: 13, markerUnits: "userSpaceOnUse", orient: "auto" }, defs);
    shape("path", { class: name, d: "M0 0L10 5L0 10z" }, head);
  }
  return defs;
}
