// The panel: what is true right after the current event. Long tables show only the rows in view.

const knowledgeBox = at("knowledge"), rows = at("buyers");
const WHOLE_TABLE = 60;

function cell(row, name, text) {
  const made = document.createElement(name);
  if (name === "th") made.scope = "row";
  made.textContent = text;
  row.append(made);
}

function space(count, height) {
  const row = document.createElement("tr");
  row.className = "space";
  row.setAttribute("aria-hidden", "true");
  row.style.height = `${count * height}px`;
  return row;
}

function buyerRow(lane, now) {
  const row = document.createElement("tr"), { knows, doing, then, ended } = knowledge(lane, view.position);
  row.style.height = `${rowHeight()}px`;
  row.className = `${lane[0] === now ? "now" : ""} ${ended ? "over" : ""}`.trim();
  if (lane[0] === now) row.setAttribute("aria-current", "step");
  cell(row, "th", lane[0]);
  [knows, doing, then].forEach((text) => cell(row, "td", text));
  return row;
}

// All rows are equally high: the style leaves room for two lines.
const rowHeight = () => Math.round(parseFloat(getComputedStyle(rows).fontSize) * 2.8);

function showBuyers() {
  const { lanes } = view.scene, now = moment(view.position)[1], height = rowHeight();
  const few = lanes.length <= WHOLE_TABLE;
  const first = few ? 0 : Math.max(0, Math.floor(knowledgeBox.scrollTop / height) - 2);
  const end = few ? lanes.length : Math.min(lanes.length, first + Math.ceil(knowledgeBox.clientHeight / height) + 5);
  const shown = lanes.slice(first, end).map((lane) => buyerRow(lane, now));
  if (few) rows.replaceChildren(...shown);
  else rows.replaceChildren(space(first, height), ...shown, space(lanes.length - end, height));
}

function followBuyer() {
  const row = view.scene.row.get(moment(view.position)[1]);
  if (row === undefined) return;
  const head = rows.parentElement.tHead.offsetHeight, height = rowHeight();
  const top = row * height, tall = knowledgeBox.clientHeight - head;
  if (top < knowledgeBox.scrollTop) knowledgeBox.scrollTop = top;
  else if (top + height > knowledgeBox.scrollTop + tall) knowledgeBox.scrollTop = top + height - tall;
}

function fact(id, text, before) {
  at(id).textContent = text;
  at(id).parentElement.classList.toggle("changed", before !== text);
}

function showMoment() {
  const { last, tickets, timeless } = view.scene, position = view.position;
  const [time, , , , , file, lock, sold] = moment(position), before = moment(Math.max(0, position - 1));
  const clock = timeless ? "" : `, ${duration(time)} after the start`;
  at("moment").textContent = `Moment ${position} of ${last}${clock}${view.scene.proof.has(position) ? " - part of the proof" : ""}`;
  at("event").textContent = sentence(position);
  fact("file", word(file), word(before[5]));
  fact("lock", word(lock), word(before[6]));
  fact("sold", `${sold} of ${tickets}`, `${before[7]} of ${tickets}`);
  at("sold").parentElement.classList.toggle("wrong", sold > tickets);
}

function announce() {
  const [, , , , , file, lock, sold] = moment(view.position);
  const text = `Moment ${view.position}. ${sentence(view.position)} File ${word(file)}. Lock: ${word(lock)}. Sold ${sold}.`;
  at("position").setAttribute("aria-valuetext", text);
  if (document.activeElement !== at("position")) at("live").textContent = text;
}
