// The projector of the class: it draws what the server says, and has the teacher's buttons.
"use strict";
(function () {
  const texts = JSON.parse(document.getElementById("data").textContent).texts;
  const SIGNS = { "bought": "●", "sold out": "○", "torn read": "✂", "unfinished": "✕", "unknown": "?" };
  const LETTERS = { look: "L", read: "R", write: "W", truncate: "T", swap: "S" };
  let buttonsShown = "";

  function at(id) { return document.getElementById(id); }

  function text(name, values) {
    return texts[name].replace(/{(\w+)}/g, function (_, key) { return String(values[key]); });
  }

  function element(tag, content, className) {
    const made = document.createElement(tag);
    if (content !== undefined) { made.textContent = content; }
    if (className) { made.className = className; }
    return made;
  }

  function fill(id, children) {
    const place = at(id);
    place.textContent = "";
    children.forEach(function (child) { place.appendChild(child); });
  }

  function lockName(lock) { return lock === "none" ? texts.lock_none : lock.split("/").pop(); }

  function post(path, content) {
    const headers = { "Content-Type": "application/json", "X-Booking": "1" };
    return fetch(path, { method: "POST", headers: headers, body: JSON.stringify(content) });
  }

  function button(label, content, className) {
    const made = element("button", label, className);
    made.type = "button";
    made.addEventListener("click", function () { post("wall/do", content); });
    return made;
  }

  function buttons(view) {
    const key = [view.phase, view.next, view.offered.join(), view.hidden, view.round, view.usable.join()].join("|");
    if (key === buttonsShown) { return; }
    buttonsShown = key;
    const made = [];
    if (view.phase === "guess") { made.push(button(texts.wall_begin, { do: "begin" }, "main")); }
    if (view.phase === "sale") { made.push(button(texts.wall_close, { do: "close" }, "main")); }
    if (view.phase === "verdict") {
      const label = view.next ? text("wall_next", { lock: lockName(view.next) }) : texts.wall_end;
      made.push(button(label, { do: "next" }, "main"));
      view.offered.filter(function (lock) { return lock !== view.next; }).forEach(function (lock) {
        made.push(button(text("wall_next", { lock: lockName(lock) }), { do: "next", lock: lock }));
      });
      view.handed.forEach(function (handed, index) {
        const file = "lock" + (index + 1) + ".py";
        if (view.usable.indexOf(file) >= 0) {
          made.push(button(text("wall_next", { lock: handed.name + " (" + handed.by + ")" }), { do: "next", lock: file }));
        }
      });
    }
    made.push(button(view.hidden ? texts.wall_show_names : texts.wall_hide_names, { do: "names" }));
    fill("buttons", made);
  }

  function bars(counts, name) {
    const most = Math.max.apply(null, counts.map(function (pair) { return pair[1]; }).concat([1]));
    return counts.map(function (pair) {
      const row = element("div", undefined, "bar-row");
      const bar = element("span", undefined, "bar");
      bar.style.width = (60 * pair[1] / most) + "%";
      row.appendChild(element("span", name(pair[0]), "bar-name"));
      row.appendChild(bar);
      row.appendChild(element("span", String(pair[1])));
      return row;
    });
  }

  function histogram(numbers) {
    const counts = {};
    numbers.forEach(function (number) { counts[number] = (counts[number] || 0) + 1; });
    return Object.keys(counts).map(Number).sort(function (a, b) { return a - b; })
      .map(function (number) { return [number, counts[number]]; });
  }

  function segments(lane) {
    // From a call to its return, or to the next step: [kind, letter, from, to]; an end that is not there yet is null.
    const made = [];
    lane.steps.forEach(function (step) {
      const name = step[0], phase = step[1], value = step[2], ms = step[3];
      const last = made[made.length - 1];
      if (phase === "call") { made.push([name, LETTERS[name] || "", ms, null, null]); }
      else if (last && last[0] === name) { last[3] = ms; last[4] = value; }
    });
    return made;
  }

  function drawLane(lane, longest) {
    const row = element("div", undefined, "row");
    row.appendChild(element("span", lane.name, "who"));
    const track = element("span", undefined, "track");
    segments(lane).sort(function (one, other) { return (other[0] === "pay") - (one[0] === "pay"); }).forEach(function (part) {
      const end = part[3] === null ? longest : part[3];
      if (part[0] === "release") { return; }
      const made = element("span", part[1], "part " + part[0]);
      made.style.left = (100 * part[2] / longest) + "%";
      made.style.width = "max(1.5ch, " + (100 * (end - part[2]) / longest) + "%)";
      if (part[4] !== null) { made.title = part[0] + " " + part[4]; }
      track.appendChild(made);
    });
    row.appendChild(track);
    const said = lane.outcome ? SIGNS[lane.outcome] + " " + (texts["wall_" + lane.outcome.replace(" ", "_")] || lane.outcome) : "";
    row.appendChild(element("span", said, "outcome " + (lane.outcome === "bought" ? "held" : "")));
    return row;
  }

  function columns(view) {
    // A round by turns has no clock that matters: one column for each step.
    const places = {};
    view.lanes.forEach(function (lane) {
      lane.steps.forEach(function (step) { places[step[3]] = true; });
    });
    const order = Object.keys(places).map(Number).sort(function (a, b) { return a - b; });
    view.lanes.forEach(function (lane) {
      lane.steps = lane.steps.map(function (step) { return [step[0], step[1], step[2], order.indexOf(step[3])]; });
    });
  }

  function lanes(view) {
    if (view.mode !== "buy") { columns(view); }
    let longest = 1;
    view.lanes.forEach(function (lane) {
      lane.steps.forEach(function (step) { longest = Math.max(longest, step[3]); });
    });
    at("lanes").dataset.many = view.lanes.length > 48 ? "3" : view.lanes.length > 20 ? "2" : "1";
    fill("lanes", view.lanes.map(function (lane) { return drawLane(lane, longest * 1.02); }));
  }

  function table(view) {
    const head = element("tr");
    ["wall_round", "wall_lock", "wall_guess", "wall_buyers", "wall_sold", "wall_verdict"].forEach(function (name) {
      head.appendChild(element("th", texts[name]));
    });
    fill("rounds-head", [head]);
    fill("rounds", view.rounds.map(function (round) {
      const row = element("tr");
      const verdict = round.verdict ? texts["verdict_" + round.verdict.replace(" ", "_")] || round.verdict : "-";
      [round.round, lockName(round.lock), round.guess === null ? "-" : round.guess, round.buyers, round.sold, verdict]
        .forEach(function (cell) { row.appendChild(element("td", String(cell))); });
      return row;
    }));
  }

  function render(view) {
    buttons(view);
    at("headline").textContent = view.phase === "end" ? texts.wall_over :
      text("wall_headline", { number: view.round, lock: lockName(view.lock), tickets: view.tickets });
    at("address").textContent = view.url;
    at("door").hidden = view.phase === "sale" || view.phase === "end" || view.phase === "verdict";
    if (!at("code").firstChild) {
      const image = element("img");
      image.alt = view.url;
      image.src = view.code;
      at("code").appendChild(image);
    }
    at("word").textContent = view.word;
    at("people-title").textContent = text("wall_people", { count: view.phones.length });
    at("people-part").hidden = view.phase !== "guess";
    fill("people", view.phones.map(function (name) { return element("li", name); }));
    at("guess-part").hidden = view.phase === "sale" || !view.guesses.length || view.phase === "end";
    at("guesses-title").textContent = texts.wall_guesses;
    fill("guesses", bars(histogram(view.guesses), String));
    at("sale-part").hidden = view.phase === "guess" || view.phase === "end";
    at("sale-title").textContent = texts.wall_sale;
    at("count").textContent = text("wall_count", view);
    lanes(view);
    at("verdict-part").hidden = view.phase !== "verdict";
    if (view.phase === "verdict") {
      const good = view.verdict && view.verdict.name === "sound";
      const open = !view.verdict || view.verdict.name === "unknown";
      at("verdict").textContent = view.verdict ?
        (good ? "✓ " : open ? "? " : "✗ ") + text("verdict_line", { name: texts["verdict_" + view.verdict.name.replace(" ", "_")] || view.verdict.name,
          sold: view.verdict.sold, tickets: view.tickets }) : texts.wall_nobody;
      at("verdict").className = good ? "good" : open ? "" : "bad";
      at("sentence").textContent = view.verdict ? view.verdict.sentence : view.note;
      at("holders").textContent = view.holders.length ? text("wall_holders", { names: view.holders.join(", ") }) : "";
      at("page").textContent = texts.wall_page;
      at("page").href = "wall/round/" + view.round;
      at("page").hidden = !view.verdict;
    }
    at("votes-part").hidden = !view.choices.length;
    at("votes-title").textContent = view.phase === "sale" ? texts.vote_buyer : texts.vote;
    fill("votes", bars(view.choices.map(function (choice) {
      const found = view.votes.filter(function (pair) { return pair[0] === choice; });
      return [choice, found.length ? found[0][1] : 0];
    }), lockName));
    at("handed-part").hidden = !view.handed.length || view.phase === "sale";
    at("handed-title").textContent = texts.wall_handed;
    fill("handed", view.handed.map(function (handed) {
      return element("li", handed.by + " · " + (handed.name ? handed.name + " · " : "") + (handed.says || texts.hand_in_done));
    }));
    at("rounds-part").hidden = !view.rounds.length || view.phase === "sale" || view.phase === "guess";
    at("rounds-title").textContent = texts.wall_rounds;
    table(view);
  }

  function listen() {
    const stream = new EventSource("wall/events");
    stream.onmessage = function (event) { at("status").textContent = ""; render(JSON.parse(event.data)); };
    stream.onerror = function () {
      at("status").textContent = texts.offline;
      if (stream.readyState === EventSource.CLOSED) { setTimeout(listen, 1000); }
    };
  }

  const secret = location.hash.slice(1);
  if (secret) {
    history.replaceState(null, "", location.pathname);
    post("wall/log-in", { secret: secret }).then(listen);
  } else {
    listen();
  }
}());
