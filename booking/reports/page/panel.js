// The panel: what is true right after the current event. Long tables show only the rows in view.

const knowledgeBox = at("knowledge"), rows = at("buyers");
const WHOLE_TABLE = 60;

function made(name, text, parent, attributes = {}) {
  const element = document.createElement(name);
  for (const key in attributes) element.setAttribute(key, attributes[key]);
  element.textContent = text;
  parent.append(element);
  return element;
}

// The words of a step, as a link to the line of code that takes it.
function step(text, line, parent) {
  if (!line) { parent.append(text); return; }
  made("a", text, parent, { href: `#line-${line}` }).addEventListener("click", (event) => { event.preventDefault(); pointAt(line); });
}

function pointAt(line) {
  document.querySelector("#lines .asked")?.classList.remove("asked");
  at(`line-${line}`)?.classList.add("asked");
  at(`line-${line}`)?.scrollIntoView({ block: "nearest" });
}

function showCode() {
  const { code } = page;
  at("code").hidden = !code;
  if (!code) return;
  at("code-name").textContent = `Each buyer runs this code (${code.file})`;
  at("lines").replaceChildren();
  for (const [number, text] of code.lines) {
    const line = made("li", "", at("lines"), { id: `line-${number}` });
    made("span", "", line, { class: "who" });
    made("span", number, line, { class: "number" });
    made("code", text, line);
  }
}

function markCode() {
  if (!page.code) return;
  const places = standing(view.position), [, now, , , , line] = moment(view.position);
  document.querySelector("#lines .asked")?.classList.remove("asked");
  for (const [number] of page.code.lines) {
    const item = at(`line-${number}`), buyers = places.get(number) ?? [];
    item.classList.toggle("now", Boolean(now) && number === line);
    item.firstChild.textContent = buyers.length ? `${ranges(buyers)} \u25b6` : "";
  }
  if (line) at(`line-${line}`)?.scrollIntoView({ block: "nearest" });
}

function space(count, height) {
  const row = document.createElement("tr");
  row.className = "space";
  row.setAttribute("aria-hidden", "true");
  row.style.height = `${count * height}px`;
  return row;
}

function buyerRow(lane, now) {
  const row = document.createElement("tr"), { knows, doing, then, line, next, ended } = knowledge(lane, view.position);
  row.style.height = `${rowHeight()}px`;
  row.className = `${lane[0] === now ? "now" : ""} ${ended ? "over" : ""}`.trim();
  if (lane[0] === now) row.setAttribute("aria-current", "step");
  made("th", lane[0], row, { scope: "row" });
  made("td", knows, row);
  step(doing, line, made("td", "", row));
  step(then, ended ? 0 : next, made("td", "", row));
  return row;
}

// All rows are equally high: the style leaves room for two lines.
const rowHeight = () => Math.round(parseFloat(getComputedStyle(rows).fontSize) * 2.8);

// The rows are new ones after each step, so the focus goes to the link that stands where the old one was.
function showBuyers() {
  const { lanes } = view.scene, now = moment(view.position)[1], height = rowHeight();
  const few = lanes.length <= WHOLE_TABLE, focused = [...rows.querySelectorAll("a")].indexOf(document.activeElement);
  const first = few ? 0 : Math.max(0, Math.floor(knowledgeBox.scrollTop / height) - 2);
  const end = few ? lanes.length : Math.min(lanes.length, first + Math.ceil(knowledgeBox.clientHeight / height) + 5);
  const shown = lanes.slice(first, end).map((lane) => buyerRow(lane, now));
  if (few) rows.replaceChildren(...shown);
  else rows.replaceChildren(space(first, height), ...shown, space(lanes.length - end, height));
  if (focused >= 0) ([...rows.querySelectorAll("a")][focused] ?? knowledgeBox).focus();
}

function followBuyer() {
  const row = view.scene.row.get(moment(view.position)[1]);
  if (row === undefined) return;
  const head = rows.parentElement.tHead.offsetHeight, height = rowHeight();
  const top = row * height, tall = knowledgeBox.clientHeight - head;
  if (top < knowledgeBox.scrollTop) knowledgeBox.scrollTop = top;
  else if (top + height > knowledgeBox.scrollTop + tall) knowledgeBox.scrollTop = top + height - tall;
}

function fact(name, text, before, wrong) {
  const box = document.createElement("div");
  box.className = `${before === text ? "" : "changed"} ${wrong ? "wrong" : ""}`.trim();
  made("dt", name, box);
  made("dd", text, box);
  at("facts").append(box);
}

function showMoment() {
  const { last, tickets, timeless, shared } = view.scene, position = view.position;
  const now = moment(position), before = moment(Math.max(0, position - 1));
  const clock = timeless ? "" : `, ${duration(now[0])} after the start`;
  at("moment").textContent = `Moment ${position} of ${last}${clock}${view.scene.proof.has(position) ? " - part of the proof" : ""}`;
  const focused = at("event").contains(document.activeElement);
  at("event").replaceChildren();
  step(sentence(position), now[5], at("event"));
  if (focused) at("event").firstElementChild?.focus();
  at("facts").replaceChildren();
  shared.forEach((name, index) => fact(name, word(now[SHARED + index]), word(before[SHARED + index])));
  fact("Sold so far", `${now[6]} of ${tickets}`, `${before[6]} of ${tickets}`, now[6] > tickets);
}

function announce() {
  const now = moment(view.position), values = view.scene.shared.map((name, index) => `${name}: ${word(now[SHARED + index])}.`);
  const text = `Moment ${view.position}. ${sentence(view.position)} ${values.join(" ")} Sold ${now[6]}.`;
  at("position").setAttribute("aria-valuetext", text);
  if (document.activeElement !== at("position")) at("live").textContent = text;
}
