// The lanes. Only what is visible is drawn, again at every scroll, so a thousand buyers cost no more than thirty.

const chart = at("chart"), drawing = at("drawing"), extent = at("extent");
const PRINTED_LANES = 60, MOST_DENSE = 500;
const LEGIBLE = 0.35; // an event is at least this wide, in letters, where the page opens with all of them
const TIGHT = 1.25; // a lane is at least this high, in letters, unless all lanes are to be in view
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
  const { lanes, rows, last, waits } = view.scene;
  const letter = parseFloat(getComputedStyle(drawing).fontSize);
  const width = paper.on ? 1000 : chart.clientWidth, height = chart.clientHeight;
  const longest = Math.max(...rows.map((name) => String(name).length));
  const numbers = 6 + letter * 0.68 * longest + letter * 0.5;
  const left = Math.round(numbers + letter * 0.6 * Math.max(...lanes.map((lane) => word(lane[2]).length)) + letter), top = Math.round(letter * 1.9);
  const right = letter * (waits.length ? 4 : 1.5);
  const room = Math.max(60, width - left - right);
  const unit = (room / (last + 1)) * (paper.on ? 1 : view.zoom);
  const fits = (height - top - 2) / rows.length, least = view.dense ? height / MOST_DENSE : letter * TIGHT;
  const lane = paper.on ? letter * 2 : Math.max(least, Math.min(letter * 4.6, fits));
  size = { letter, width, numbers, left, top, room, unit, lane, right, wide: unit * (last + 1), height, fits: fits >= letter * TIGHT };
  if (paper.on) size.height = top + lane * Math.min(rows.length, PRINTED_LANES) + 4;
  extent.style.width = `${left + size.wide + right - 2}px`;
  extent.style.height = `${Math.max(top + lane * rows.length, paper.on ? size.height : 0)}px`;
  drawing.setAttribute("width", width);
  drawing.setAttribute("height", size.height);
  if (paper.on) drawing.setAttribute("viewBox", `0 0 ${width} ${size.height}`); else drawing.removeAttribute("viewBox");
}

// Everything is in view at first if that can be read, else as much as can.
function firstZoom() {
  measure();
  return view.axis === "time" || size.unit >= size.letter * LEGIBLE ? 1 : (size.letter * 0.6) / size.unit;
}

const along = (position) => (view.axis === "order" ? (position + 0.5) * size.unit : (moment(position)[0] / view.scene.length) * size.wide);
const x = (position) => size.left + along(position) - (paper.on ? 0 : chart.scrollLeft);
const y = (row) => size.top + row * size.lane - (paper.on ? 0 : chart.scrollTop);

function draw() {
  const { rows } = view.scene;
  const first = paper.on ? 0 : Math.max(0, Math.floor(chart.scrollTop / size.lane));
  const end = Math.min(rows.length, paper.on ? PRINTED_LANES : first + Math.ceil(size.height / size.lane) + 1);
  const parts = document.createDocumentFragment();
  parts.append(patterns());
  for (let row = first; row < end; row++) drawStripe(rows[row], row, parts);
  drawTicks(parts);
  for (let row = first; row < end; row++) drawLane(rows[row], row, parts);
  drawArrows(first, end, parts);
  drawWaits(parts);
  drawCursor(parts);
  drawAxis(parts);
  shape("rect", { class: "column", x: 0, y: 0, width: size.left - 4, height: size.height }, parts);
  const every = Math.ceil((size.letter * 1.1) / size.lane);
  for (let row = first; row < end; row++) if (row % every === 0) drawName(rows[row], row, parts);
  shape("rect", { class: "column", x: 0, y: 0, width: size.left - 4, height: size.top }, parts);
  shape("text", { class: "mark", x: 6, y: size.top * 0.68 }, parts, "buyer");
  drawing.replaceChildren(parts);
}

function drawStripe(name, row, parts) {
  const now = moment(view.position)[1] === name;
  if (now || row % 2) shape("rect", { class: now ? "chosen" : "stripe", x: 0, y: y(row), width: size.width, height: size.lane }, parts);
}

function drawLane(name, row, parts) {
  for (const span of view.scene.spans.get(name)) drawSpan(span, row, parts);
  const died = view.scene.died.get(name);
  if (died !== undefined) drawStop(x(died), y(row), parts);
}

const isBand = (kind) => kind === "inside" || kind === "unguarded";

function box([, kind, from, to], row) {
  const start = x(from), stop = to < 0 ? x(view.scene.last) + size.unit / 2 : x(to), band = isBand(kind);
  const pad = size.lane * (band ? 0.04 : size.lane < size.letter * 1.6 ? 0.08 : size.lane < size.letter * 2 ? 0.13 : 0.2);
  const half = view.axis === "order" ? size.unit * (band ? 0.45 : 0.38) : 0;
  const least = view.axis === "order" ? 0 : 4;
  return { x: start - half, y: y(row) + pad, width: Math.max(stop - start, least) + 2 * half, height: size.lane - 2 * pad };
}

function drawSpan(span, row, parts) {
  const place = box(span, row), kind = span[1];
  if (place.x > size.width || place.x + place.width < size.left) return;
  const group = shape("g", { class: kind }, parts);
  if (isBand(kind)) {
    shape("rect", { ...place, rx: 4, class: kind }, group);
    return;
  }
  shape("rect", { ...place, rx: 3, class: "bar" }, group);
  if (place.height < 5) return;
  shape("rect", { ...place, rx: 3, fill: `url(#grain-${kind})`, class: "grain" }, group);
  if (kind !== "served" && (view.scene.proof.has(span[2]) || view.scene.proof.has(span[3]))) shape("rect", { ...place, rx: 3, class: "ring" }, group);
  drawLabel(span, place, group);
}

// A label has a plain plate below it: letters over stripes are hard to read from afar.
function drawLabel(span, place, group) {
  const from = Math.max(place.x, size.left), to = Math.min(place.x + place.width, size.width);
  const wide = (text) => text.length * size.letter * 0.62 + 4;
  const text = [word(span[4]), word(span[5])].find((one) => one && wide(one) < to - from);
  if (!text || place.height < size.letter) return;
  const middle = (from + to) / 2;
  shape("rect", { class: "plate", x: middle - wide(text) / 2, y: place.y + 2, width: wide(text), height: place.height - 4 }, group);
  shape("text", { class: "label", x: middle, y: place.y + place.height / 2 + size.letter * 0.35, "text-anchor": "middle" }, group, text);
}

function drawName(name, row, parts) {
  const middle = y(row) + size.lane / 2 + size.letter * 0.35, lane = laneOf(name);
  shape("text", { class: lane ? "name" : "fate", x: 6, y: middle }, parts, name);
  if (lane) shape("text", { class: lane[3] ? "fate bought" : "fate", x: size.numbers, y: middle }, parts, word(lane[2]));
}

// Bring the current event into view, with some room around it.
function follow() {
  const row = view.scene.row.get(moment(view.position)[1]);
  const left = along(view.position), room = size.width - size.left, margin = Math.min(90, room / 4);
  if (view.position === view.scene.last) chart.scrollLeft = size.wide;
  else if (left - margin < chart.scrollLeft) chart.scrollLeft = left - margin;
  else if (left + margin > chart.scrollLeft + room) chart.scrollLeft = left + margin - room;
  if (row === undefined) return;
  const top = row * size.lane, tall = size.height - size.top;
  if (top < chart.scrollTop) chart.scrollTop = top;
  else if (top + size.lane > chart.scrollTop + tall) chart.scrollTop = top + size.lane - tall;
}
