// All orders of two buyers: the steps of one go across, those of the other down, and a path is one order.

const CELL = 84, LEFT = 112, TOP = 76;
const grid = { chosen: 0 };
const spot = (across, down) => [LEFT + across * CELL, TOP + down * CELL];

function showGrid(data) {
  grid.data = data;
  at("grid").hidden = false;
  document.querySelector("main").classList.add("explored");
  at("counted").textContent = data.counted;
  at("paths").replaceChildren(...data.paths.map(pathButton));
  choose(data.chosen);
}

function pathButton(path, number) {
  const item = document.createElement("li"), button = document.createElement("button");
  button.type = "button";
  button.dataset.sign = path.sign;
  button.textContent = `${path.turns.join(",")} ${path.name}`;
  button.addEventListener("click", () => choose(number));
  item.append(button);
  return item;
}

function choose(number) {
  grid.chosen = number;
  [...at("paths").children].forEach((item, index) => item.firstChild.setAttribute("aria-pressed", index === number));
  const button = at("paths").children[number], list = at("paths");
  if (button.offsetTop < list.scrollTop + list.offsetTop || button.offsetTop + 30 > list.scrollTop + list.offsetTop + list.clientHeight) list.scrollTop = button.offsetTop - list.offsetTop - 4;
  drawMap();
  show(grid.data.paths[number].scene);
}

function drawMap() {
  const { across, down, edges, counted } = grid.data, map = at("map"), parts = document.createDocumentFragment();
  const [wide, tall] = spot(across.length, down.length);
  map.setAttribute("viewBox", `0 0 ${wide + 34} ${tall + 26}`);
  const scale = across.length > 4 ? 0.85 : 0.5; // a large grid is scrolled, so that its words can be read
  map.style.minWidth = `${Math.round((wide + 34) * scale)}px`;
  map.style.minHeight = `${Math.round((tall + 26) * scale)}px`;
  map.setAttribute("aria-label", `${counted}. Buyer 1 goes across, buyer 2 down.`);
  across.forEach((step, index) => shape("text", { class: "mark", x: spot(index + 0.5, 0)[0], y: TOP - 30, "text-anchor": "middle" }, parts, step));
  down.forEach((step, index) => shape("text", { class: "mark", x: LEFT - 34, y: spot(0, index + 0.5)[1] + 5, "text-anchor": "end" }, parts, step));
  shape("text", { class: "name", x: LEFT, y: 18 }, parts, "buyer 1 \u2192");
  shape("text", { class: "name", x: 2, y: TOP - 4 }, parts, "buyer 2 \u2193");
  shape("path", { class: "way", d: way() }, parts);
  edges.forEach((edge) => drawEdge(edge, parts));
  knots().forEach((knot) => shape("circle", { class: "knot", cx: spot(...knot)[0], cy: spot(...knot)[1], r: 5 }, parts));
  map.replaceChildren(parts);
}

function way() {
  let [across, down] = [0, 0], path = `M${spot(0, 0)}`;
  for (const turn of grid.data.paths[grid.chosen].turns) {
    if (turn === 1) across += 1; else down += 1;
    path += `L${spot(across, down)}`;
  }
  return path;
}

function knots() {
  const ends = grid.data.edges.flatMap(([across, down, turn]) => [[across, down], turn === 1 ? [across + 1, down] : [across, down + 1]]);
  return [...new Map(ends.map((knot) => [String(knot), knot])).values()];
}

// Two lines side by side, one for the safe orders and one for the broken ones, each with its number of orders.
function drawEdge([across, down, turn, safe, broken], parts) {
  const [x1, y1] = spot(across, down), [x2, y2] = turn === 1 ? [x1 + CELL, y1] : [x1, y1 + CELL];
  const side = (offset) => (turn === 1 ? { x1, y1: y1 + offset, x2, y2: y2 + offset } : { x1: x1 + offset, y1, x2: x2 + offset, y2 });
  const number = (kind, text, offset) => {
    const place = turn === 1 ? { x: x1 + CELL / 2, y: y1 + (offset < 0 ? -9 : 20), "text-anchor": "middle" }
      : { x: x1 + (offset < 0 ? -7 : 7), y: y1 + CELL / 2 + 5, "text-anchor": offset < 0 ? "end" : "start" };
    shape("text", { class: kind, ...place }, parts, text);
  };
  const both = safe && broken ? 2.5 : 0;
  if (safe) shape("line", { class: "safe", ...side(-both) }, parts);
  if (broken) shape("line", { class: "broken", ...side(both) }, parts);
  if (safe) number("safe-count", safe, -1);
  if (broken) number("broken-count", broken, 1);
  const grasp = shape("line", { class: "grasp", ...side(0) }, parts);
  shape("title", {}, grasp, `${safe} safe, ${broken} broken`);
  grasp.addEventListener("click", () => choose(nextThrough(across, down, turn)));
}

// The next path, after the chosen one, that goes through this edge.
function nextThrough(across, down, turn) {
  const { paths } = grid.data, through = (path) => {
    const before = path.turns.slice(0, across + down);
    return path.turns[across + down] === turn && before.filter((one) => one === 1).length === across;
  };
  const order = paths.map((_, index) => (grid.chosen + 1 + index) % paths.length);
  return order.find((index) => through(paths[index]));
}
