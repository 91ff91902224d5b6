// The lanes. Only what is visible is drawn, again at every scroll, so a thousand buyers cost no more than thirty.

const chart = at("chart"), drawing = at("drawing"), extent = at("extent");
const PRINTED_LANES = 60;
const paper = { on: false };
let size = {};

function shape(name, attributes, parent, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const key in attributes) made.setAttribute(key, attributes[key]);
  if (text !== undefined) made.textContent = text;
  parent?.append(made);
  return made;
}

function measure() {
  const { lanes, last } = view.scene;
  const letter = parseFloat(getComputedStyle(drawing).fontSize);
  const width = paper.on ? 1000 : chart.clientWidth, height = chart.clientHeight;
  const numbers = 6 + letter * 0.68 * String(lanes.at(-1)?.[0] ?? "").length + letter * 0.5;
  const left = Math.round(numbers + letter * 0.6 * Math.max(...lanes.map((lane) => word(lane[2]).length)) + letter), top = Math.round(letter * 1.9);
  const room = Math.max(60, width - left - letter * 1.5);
  const smallest = view.axis === "order" && !paper.on ? letter * 0.6 : 0;
  const unit = Math.max(room / (last + 1), smallest) * (paper.on ? 1 : view.zoom);
  const lane = Math.max(letter * 2, Math.min(letter * 4.6, (height - top - 2) / lanes.length));
  size = { letter, width, numbers, left, top, room, unit, lane, wide: unit * (last + 1), height };
  if (paper.on) size.height = top + lane * Math.min(lanes.length, PRINTED_LANES) + 4;
  extent.style.width = `${left + size.wide + letter * 1.4}px`;
  extent.style.height = `${Math.max(top + lane * lanes.length, paper.on ? size.height : 0)}px`;
  drawing.setAttribute("width", width);
  drawing.setAttribute("height", size.height);
  if (paper.on) drawing.setAttribute("viewBox", `0 0 ${width} ${size.height}`); else drawing.removeAttribute("viewBox");
}

const along = (position) => (view.axis === "order" ? (position + 0.5) * size.unit : (moment(position)[0] / view.scene.length) * size.wide);
const x = (position) => size.left + along(position) - (paper.on ? 0 : chart.scrollLeft);
const y = (row) => size.top + row * size.lane - (paper.on ? 0 : chart.scrollTop);

function draw() {
  const { lanes } = view.scene;
  const first = paper.on ? 0 : Math.max(0, Math.floor(chart.scrollTop / size.lane));
  const end = Math.min(lanes.length, paper.on ? PRINTED_LANES : first + Math.ceil(size.height / size.lane) + 1);
  const parts = document.createDocumentFragment();
  parts.append(patterns());
  for (let row = first; row < end; row++) drawLane(lanes[row], row, parts);
  drawArrows(first, end, parts);
  drawCursor(parts);
  drawAxis(parts);
  shape("rect", { class: "column", x: 0, y: 0, width: size.left - 4, height: size.height }, parts);
  for (let row = first; row < end; row++) drawName(lanes[row], row, parts);
  shape("rect", { class: "column", x: 0, y: 0, width: size.left - 4, height: size.top }, parts);
  shape("text", { class: "mark", x: 6, y: size.top * 0.68 }, parts, "buyer");
  drawing.replaceChildren(parts);
}

function drawLane(lane, row, parts) {
  const now = moment(view.position)[1] === lane[0];
  if (now || row % 2) shape("rect", { class: now ? "chosen" : "stripe", x: 0, y: y(row), width: size.width, height: size.lane }, parts);
  for (const span of view.scene.spans.get(lane[0])) drawSpan(span, row, parts);
  const died = view.scene.died.get(lane[0]);
  if (died !== undefined) drawStop(x(died), y(row), parts);
}

function box([, kind, from, to], row) {
  const start = x(from), stop = to < 0 ? x(view.scene.last) + size.unit / 2 : x(to);
  const band = kind === "inside" || kind === "unguarded";
  const pad = band ? 2 : size.lane * 0.2;
  const half = view.axis === "order" ? size.unit * (band ? 0.45 : 0.38) : 0;
  const least = view.axis === "order" ? 0 : 4;
  return { x: start - half, y: y(row) + pad, width: Math.max(stop - start, least) + 2 * half, height: size.lane - 2 * pad };
}

function drawSpan(span, row, parts) {
  const place = box(span, row), kind = span[1];
  if (place.x > size.width || place.x + place.width < size.left) return;
  const group = shape("g", { class: kind }, parts);
  if (kind === "inside" || kind === "unguarded") {
    shape("rect", { ...place, rx: 4, class: kind }, group);
    return;
  }
  shape("rect", { ...place, rx: 3, class: "bar" }, group);
  shape("rect", { ...place, rx: 3, fill: `url(#grain-${kind})`, class: "grain" }, group);
  if (view.scene.proof.has(span[2]) || view.scene.proof.has(span[3])) shape("rect", { ...place, rx: 3, class: "ring" }, group);
  drawLabel(span, place, group);
}

function drawLabel(span, place, group) {
  const from = Math.max(place.x, size.left), to = Math.min(place.x + place.width, size.width);
  const fits = (text) => text && text.length * size.letter * 0.62 + 2 < to - from;
  const text = [word(span[4]), word(span[5])].find(fits);
  if (text) shape("text", { class: "label", x: (from + to) / 2, y: place.y + place.height / 2 + size.letter * 0.35, "text-anchor": "middle" }, group, text);
}

function drawStop(end, top, parts) {
  const middle = top + size.lane / 2, arm = size.lane * 0.22, right = end + arm + 3;
  shape("path", { class: "stop", d: `M${right - arm} ${middle - arm}L${right + arm} ${middle + arm}M${right + arm} ${middle - arm}L${right - arm} ${middle + arm}` }, parts);
}

function drawName(lane, row, parts) {
  const middle = y(row) + size.lane / 2 + size.letter * 0.35;
  shape("text", { class: "name", x: 6, y: middle }, parts, lane[0]);
  shape("text", { class: lane[3] ? "fate bought" : "fate", x: size.numbers, y: middle }, parts, word(lane[2]));
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

function drawCursor(parts) {
  const here = x(view.position), row = view.scene.row.get(moment(view.position)[1]);
  shape("line", { class: "cursor", x1: here, x2: here, y1: size.top, y2: size.height }, parts);
  if (row === undefined) return;
  const top = y(row), low = top + size.lane, arm = size.lane * 0.2;
  shape("path", { class: "here", d: `M${here - arm} ${top}h${2 * arm}l${-arm} ${arm}zM${here - arm} ${low}h${2 * arm}l${-arm} ${-arm}z` }, parts);
}

function drawAxis(parts) {
  shape("rect", { class: "column", x: 0, y: 0, width: size.width, height: size.top - 1 }, parts);
  const total = view.axis === "order" ? view.scene.last : view.scene.length;
  const name = (value) => (view.axis === "order" ? `${value}` : duration(value));
  const step = niceStep((total / size.wide) * size.letter * 7);
  const seen = ((paper.on ? 0 : chart.scrollLeft) / size.wide) * total;
  for (let value = Math.floor(seen / step) * step; value <= Math.min(total, seen + (size.width / size.wide) * total); value += step) {
    const place = view.axis === "order" ? x(value) : size.left + (value / total) * size.wide - (paper.on ? 0 : chart.scrollLeft);
    shape("line", { class: "tick", x1: place, x2: place, y1: size.top - 6, y2: size.height }, parts);
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
  write: ["path", { d: "M2 0v8M6 0v8" }],
};

function patterns() {
  const defs = shape("defs", {});
  for (const kind in GRAINS) {
    const pattern = shape("pattern", { id: `grain-${kind}`, class: `${kind} grain`, width: 8, height: 8, patternUnits: "userSpaceOnUse" }, defs);
    shape(...GRAINS[kind], pattern);
  }
  const head = shape("marker", { id: "head", viewBox: "0 0 10 10", refX: 8, refY: 5, markerWidth: 13, markerHeight: 13, markerUnits: "userSpaceOnUse", orient: "auto" }, defs);
  shape("path", { class: "head", d: "M0 0L10 5L0 10z" }, head);
  return defs;
}

// Bring the current event into view, with some room around it.
function follow() {
  const row = view.scene.row.get(moment(view.position)[1]);
  const left = along(view.position), room = size.width - size.left, margin = Math.min(90, room / 4);
  if (left - margin < chart.scrollLeft) chart.scrollLeft = left - margin;
  else if (left + margin > chart.scrollLeft + room) chart.scrollLeft = left + margin - room;
  if (row === undefined) return;
  const top = row * size.lane, tall = size.height - size.top;
  if (top < chart.scrollTop) chart.scrollTop = top;
  else if (top + size.lane > chart.scrollTop + tall) chart.scrollTop = top + size.lane - tall;
}
