// Walking, switching and pointing. Every control ends in `move`, `relayout` or `repaint`.

let waiting = false;

function repaint() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; draw(); });
}

function relayout() {
  measure();
  follow();
  draw();
  showBuyers();
}

function move(position) {
  view.position = Math.max(0, Math.min(view.scene.last, position));
  at("position").value = view.position;
  for (const id of ["first", "back"]) disable(id, view.position === 0);
  for (const id of ["last", "forward"]) disable(id, view.position === view.scene.last);
  follow();
  draw();
  showMoment();
  markCode();
  followBuyer();
  showBuyers();
  announce();
  at("note").hidden = true;
}

// A button that cannot be used now keeps the focus, so it is not disabled in the browser's sense.
const disable = (id, off) => at(id).setAttribute("aria-disabled", off);
const isOff = (id) => at(id).getAttribute("aria-disabled") === "true";

// The next event of the proof; after the last one it begins again.
function toProof() {
  const { witness } = view.scene;
  if (witness.length) move(witness.find((position) => position > view.position) ?? witness[0]);
}

// The previous or next event of the same buyer, or the nearest event of any where nobody has moved.
function alongBuyer(direction) {
  const steps = view.scene.steps.get(moment(view.position)[1]);
  const next = steps?.[lastUpTo(steps, view.position) + direction];
  move(next ?? (steps ? view.position : view.position + direction));
}

const KEYS = {
  ArrowLeft: () => move(view.position - 1),
  ArrowRight: () => move(view.position + 1),
  ArrowUp: () => alongBuyer(-1),
  ArrowDown: () => alongBuyer(1),
  Home: () => move(0),
  End: () => move(view.scene.last),
  w: toProof,
  p: () => present(!isPresenting()),
  c: () => { if (isPresenting()) swap(); },
  Escape: () => present(false),
  "+": () => zoom(2),
  "-": () => zoom(0.5),
};
KEYS["="] = KEYS["+"];

// Up and down scroll a region that has the focus, or a page that is longer than the window.
function scrolls(event) {
  if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return false;
  const focused = document.activeElement, scrollsItself = focused.closest("#knowledge, #listing, #paths, #ground");
  return scrollsItself || (focused !== chart && document.documentElement.scrollHeight > innerHeight);
}

function press(event) {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.ctrlKey || event.altKey || event.metaKey || !(key in KEYS) || scrolls(event)) return;
  event.preventDefault();
  KEYS[key]();
}

function setAxis(axis) {
  view.axis = axis;
  at("by-order").setAttribute("aria-pressed", axis === "order");
  at("by-time").setAttribute("aria-pressed", axis === "time");
  setZoom(firstZoom(), false);
}

// Out: until all events are in view, then all lanes as well.
function zoom(factor) {
  const out = factor < 1 && view.zoom === 1, into = factor > 1 && view.dense;
  setZoom(out || into ? 1 : view.zoom * factor, out);
}

function setZoom(zoom, dense) {
  view.zoom = Math.max(1, Math.min(4096, zoom));
  view.dense = dense;
  measure();
  disable("smaller", view.zoom === 1 && (dense || size.fits));
  relayout();
}

const isPresenting = () => document.documentElement.classList.contains("present");

// Large type and one thing at a time: the picture or the code, under the sentence of this moment.
function present(on) {
  document.documentElement.classList.toggle("present", on);
  document.documentElement.classList.remove("reading");
  at("present").setAttribute("aria-pressed", on);
  at("swap").hidden = !on || !page.code;
  at("swap").textContent = "Code";
  setZoom(firstZoom(), false);
  markCode();
}

function swap() {
  if (!page.code) return;
  const reading = document.documentElement.classList.toggle("reading");
  at("swap").textContent = reading ? "Picture" : "Code";
  relayout();
  markCode();
}

function setTheme(dark) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  at("theme").setAttribute("aria-pressed", dark);
  repaint();
}

// The lane and the bar under the pointer; a bar in front wins over the band behind it.
function under(event) {
  const frame = drawing.getBoundingClientRect(), px = event.clientX - frame.left, py = event.clientY - frame.top;
  const row = Math.floor((py - size.top + chart.scrollTop) / size.lane), name = view.scene.rows[row];
  if (name === undefined || px < size.left || py < size.top) return {};
  const hit = (span) => { const place = box(span, row); return px >= place.x - 3 && px <= place.x + place.width + 3; };
  return { name, px, span: view.scene.spans.get(name).filter(hit).pop() };
}

function point(event) {
  const note = at("note"), { span } = under(event);
  note.hidden = !span;
  if (!span) return;
  note.textContent = spanNote(span);
  const wide = note.offsetWidth, tall = note.offsetHeight;
  note.style.left = `${Math.max(4, Math.min(event.clientX + 14, innerWidth - wide - 8))}px`;
  note.style.top = `${event.clientY + 18 + tall > innerHeight ? event.clientY - tall - 12 : event.clientY + 18}px`;
}

function pick(event) {
  const { name, px } = under(event), steps = view.scene.steps.get(name);
  if (!steps?.length) return;
  move(steps.reduce((best, position) => (Math.abs(x(position) - px) < Math.abs(x(best) - px) ? position : best)));
  point(event);
}
