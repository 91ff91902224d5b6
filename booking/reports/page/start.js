// Put everything together, once, when the page is read.

const LEGEND = [
  ["look", "looks at the count"], ["wait", "waits for the lock"], ["read", "reads the count"], ["pay", "pays"],
  ["cell", "touches a cell of the lock"], ["empty", "empties the file"], ["write", "writes the count"], ["inside", "critical section, holding the lock"],
  ["unguarded", "critical section, not protected"], ["served", "serves this buyer, or is held by it"],
];

function legendItem(kind, text) {
  const item = document.createElement("li"), picture = shape("svg", { viewBox: "0 0 34 18", "aria-hidden": "true" }, item);
  const place = { x: 1, y: 1, width: 32, height: 16, rx: 3 }, band = isBand(kind);
  const group = shape("g", { class: kind }, picture);
  shape("rect", { ...place, class: band ? kind : "bar" }, group);
  if (!band) shape("rect", { ...place, fill: `url(#grain-${kind})`, class: "grain" }, group);
  item.append(text);
  return item;
}

function signItem(name, attributes, text) {
  const item = document.createElement("li");
  shape(name, attributes, shape("svg", { viewBox: "0 0 34 18", "aria-hidden": "true" }, item));
  item.append(text);
  return item;
}

function showLegend() {
  const kinds = new Set([...view.scene.spans.values()].flat().map((span) => span[1]));
  const items = LEGEND.filter(([kind]) => kinds.has(kind)).map(([kind, text]) => legendItem(kind, text));
  if (view.scene.witness.length) items.push(signItem("rect", { class: "ring", x: 3, y: 3, width: 28, height: 12, rx: 3 }, "part of the proof"));
  if (view.scene.arrows.length) items.push(signItem("path", { class: "arrow", d: "M1 9H30" }, "this write made that read out of date"));
  if (view.scene.waits.length) items.push(signItem("path", { class: "wants", d: "M1 9H30" }, "waits for the buyer that holds the lock"));
  if (view.scene.died.size) items.push(signItem("path", { class: "stop", d: "M11 3L23 15M23 3L11 15" }, "its process died"));
  at("legend").replaceChildren(...items);
}

// The steps of the proof as buttons: what the picture shows by arrows, for those who do not see it.
function showProof() {
  const { witness } = view.scene;
  at("proof").hidden = at("witness").hidden = at("proof-key").hidden = !witness.length;
  at("why").replaceChildren();
  for (const position of witness.slice(0, 40)) {
    made("button", sentence(position), made("li", "", at("why")), { type: "button" }).addEventListener("click", () => move(position));
  }
}

function show(scene) {
  load(scene);
  at("position").max = view.scene.last;
  showProof();
  disable("by-time", view.scene.timeless);
  chart.setAttribute("aria-label", `${page.title}. ${page.verdict.headline}. A lane for each of ${view.scene.lanes.length} buyers.`);
  setAxis(view.axis);
  showLegend();
  move(0);
}

function listen() {
  const clicks = {
    first: KEYS.Home, back: KEYS.ArrowLeft, forward: KEYS.ArrowRight, last: KEYS.End, witness: toProof,
    "by-order": () => setAxis("order"), "by-time": () => setAxis("time"),
    smaller: () => zoom(0.5), bigger: () => zoom(2),
    present: KEYS.p, swap,
    theme: () => setTheme(document.documentElement.dataset.theme !== "dark"),
  };
  for (const id in clicks) at(id).addEventListener("click", () => { if (!isOff(id)) clicks[id](); });
  at("position").addEventListener("input", () => move(Number(at("position").value)));
  document.addEventListener("keydown", press);
  chart.addEventListener("scroll", repaint, { passive: true });
  chart.addEventListener("pointermove", point);
  chart.addEventListener("pointerleave", () => { at("note").hidden = true; });
  chart.addEventListener("click", pick);
  knowledgeBox.addEventListener("scroll", () => requestAnimationFrame(showBuyers), { passive: true });
  new ResizeObserver(relayout).observe(chart);
  addEventListener("beforeprint", () => { paper.on = true; paper.dark = document.documentElement.dataset.theme; setTheme(false); relayout(); });
  addEventListener("afterprint", () => { paper.on = false; setTheme(paper.dark === "dark"); relayout(); });
}

function showVerdict() {
  at("headline").dataset.sign = page.verdict.sign;
  at("again").hidden = !page.verdict.replay;
  at("replay").textContent = page.verdict.replay ?? "";
}

load(page.scene ?? page.grid.paths[0].scene);
showCode();
setTheme(matchMedia("(prefers-color-scheme: dark)").matches);
showVerdict();
listen();
if (page.grid) showGrid(page.grid); else show(page.scene);
document.documentElement.dataset.ready = Math.round(performance.now());
