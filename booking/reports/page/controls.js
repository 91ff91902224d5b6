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
  at("first").disabled = at("back").disabled = view.position === 0;
  at("last").disabled = at("forward").disabled = view.position === view.scene.last;
  follow();
  draw();
  showMoment();
  followBuyer();
  showBuyers();
  announce();
  at("note").hidden = true;
}

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
  W: toProof,
};

function press(event) {
  const vertical = event.key === "ArrowUp" || event.key === "ArrowDown";
  const elsewhere = vertical && document.activeElement !== chart;
  if (event.ctrlKey || event.altKey || event.metaKey || elsewhere || !(event.key in KEYS)) return;
  event.preventDefault();
  KEYS[event.key]();
}

function setAxis(axis) {
  view.axis = axis;
  at("by-order").setAttribute("aria-pressed", axis === "order");
  at("by-time").setAttribute("aria-pressed", axis === "time");
  relayout();
}

function zoom(factor) {
  view.zoom = Math.max(1, Math.min(4096, view.zoom * factor));
  at("smaller").disabled = view.zoom === 1;
  relayout();
}

function setTheme(dark) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  at("theme").setAttribute("aria-pressed", dark);
  repaint();
}

function setLarge(large) {
  document.documentElement.classList.toggle("large", large);
  at("large").setAttribute("aria-pressed", large);
  relayout();
}

// The lane and the bar under the pointer; a bar in front wins over the band behind it.
function under(event) {
  const frame = drawing.getBoundingClientRect(), px = event.clientX - frame.left, py = event.clientY - frame.top;
  const row = Math.floor((py - size.top + chart.scrollTop) / size.lane), lane = view.scene.lanes[row];
  if (!lane || px < size.left || py < size.top) return {};
  const hit = (span) => { const place = box(span, row); return px >= place.x - 3 && px <= place.x + place.width + 3; };
  return { lane, px, span: view.scene.spans.get(lane[0]).filter(hit).pop() };
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
  const { lane, px } = under(event), steps = lane && view.scene.steps.get(lane[0]);
  if (!steps?.length) return;
  move(steps.reduce((best, position) => (Math.abs(x(position) - px) < Math.abs(x(best) - px) ? position : best)));
  point(event);
}
