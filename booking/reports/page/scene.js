"use strict";
// The data of the page, and the few questions that the drawing asks it. Nothing here touches the screen.

const page = JSON.parse(document.getElementById("data").textContent);
const at = (id) => document.getElementById(id);
const view = { scene: null, position: 0, axis: "order", zoom: 1, dense: false };
const SHARED = 7; // a moment's shared values begin here

function load(data) {
  const steps = new Map(data.lanes.map((lane) => [lane[0], []]));
  data.moments.forEach((moment, position) => steps.get(moment[1])?.push(position));
  const spans = new Map(data.lanes.map((lane) => [lane[0], []]));
  data.spans.forEach((span) => spans.get(span[0])?.push(span));
  data.servers.forEach(([name, served]) => spans.set(name, served.map(([buyer, from, to]) => [name, "served", from, to, `buyer ${buyer}`, `${buyer}`])));
  view.scene = {
    ...data, steps, spans,
    last: data.moments.length - 1,
    rows: [...data.lanes.map((lane) => lane[0]), ...data.servers.map(([name]) => name)],
    row: new Map(data.lanes.map((lane, row) => [lane[0], row])),
    proof: new Set(data.witness),
    died: new Map(data.deaths),
    length: data.moments.reduce((longest, moment) => Math.max(longest, moment[0]), 1),
  };
  view.axis = data.axis;
  view.position = 0;
}

const word = (place) => (typeof place === "number" ? view.scene.words[place] : place);
const moment = (position) => view.scene.moments[position];
const laneOf = (buyer) => view.scene.lanes[view.scene.row.get(buyer)];

// The index of the last entry of a sorted list that is not above the limit, -1 for none.
function lastUpTo(sorted, limit) {
  let low = 0, high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= limit) low = middle + 1; else high = middle;
  }
  return low - 1;
}

// What one buyer knows at a position: its words, the lines of its last and its next step, and whether it has ended.
function knowledge(lane, position) {
  const steps = view.scene.steps.get(lane[0]);
  const index = lastUpTo(steps, position);
  if (index < 0) return { knows: "nothing", doing: "waits for the start", then: word(lane[5]), line: 0, next: lane[6], ended: false };
  const [, , doing, knows, then, line] = moment(steps[index]);
  const next = index + 1 < steps.length ? moment(steps[index + 1])[5] : 0;
  return { knows: word(knows), doing: word(doing), then: word(then), line, next, ended: index === steps.length - 1 };
}

// The buyers at each line of the code: where each took its last step, or will take its first. Who is done is gone.
function standing(position) {
  const lines = new Map();
  for (const lane of view.scene.lanes) {
    const { line, next, ended } = knowledge(lane, position);
    if (ended && ["bought", "sold out", "torn read"].includes(word(lane[2]))) continue;
    const here = line || next;
    lines.set(here, [...(lines.get(here) ?? []), lane[0]]);
  }
  return lines;
}

// "1, 3-10", or how many they are where that would be long.
function ranges(buyers) {
  const sorted = [...buyers].sort((one, other) => one - other), runs = [];
  for (const buyer of sorted) {
    if (runs.at(-1)?.[1] === buyer - 1) runs.at(-1)[1] = buyer; else runs.push([buyer, buyer]);
  }
  const text = runs.map(([from, to]) => (from === to ? from : `${from}-${to}`)).join(", ");
  return text.length > 8 ? `${buyers.length} buyers` : text;
}

function duration(microseconds) {
  const [size, unit] = microseconds < 1000 ? [1, "µs"] : microseconds < 1e6 ? [1000, "ms"] : [1e6, "s"];
  return `${Number((microseconds / size).toPrecision(3))} ${unit}`;
}

function sentence(position) {
  const [, buyer, doing] = moment(position);
  return buyer ? `Buyer ${buyer} ${word(doing)}.` : `${word(doing)}.`;
}

function spanNote([buyer, kind, from, to, text]) {
  const took = to < 0 ? "it never came back" : `took ${duration(Math.max(0, moment(to)[0] - moment(from)[0]))}`;
  const timed = view.scene.timeless ? "" : `\n${took}, from ${duration(moment(from)[0])}`;
  if (kind === "served") return `${buyer}\n${text}${timed}`;
  const lane = laneOf(buyer);
  return `Buyer ${buyer}${lane[1] ? ` (process ${lane[1]})` : ""}\n${word(text)}${timed}`;
}
