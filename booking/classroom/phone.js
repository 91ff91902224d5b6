// A phone of the class: it shows what the server says, and sends what its one or two buttons say.
"use strict";
(function () {
  const data = JSON.parse(document.getElementById("data").textContent);
  const texts = data.texts;
  const room = location.pathname.split("/").pop();
  const screenElement = document.getElementById("screen");
  const statusElement = document.getElementById("status");
  const laneElement = document.getElementById("lane");
  let stream = null;
  let shown = "";

  function remembered() {
    try { return localStorage.getItem("booking-" + room) || ""; } catch (error) { return window.bookingPhone || ""; }
  }

  function remember(phone) {
    window.bookingPhone = phone;
    try { localStorage.setItem("booking-" + room, phone); } catch (error) { /* a private window keeps nothing */ }
  }

  function text(name, values) {
    return texts[name].replace(/{(\w+)}/g, function (_, key) { return String(values[key]); });
  }

  function element(tag, content, className) {
    const made = document.createElement(tag);
    if (content !== undefined) { made.textContent = content; }
    if (className) { made.className = className; }
    return made;
  }

  function button(label, action, className) {
    const made = element("button", label, className);
    made.type = "button";
    made.addEventListener("click", function () {
      made.disabled = true;
      setTimeout(function () { made.disabled = false; }, 600);
      action();
    });
    return made;
  }

  function send(action, content) {
    const headers = { "Content-Type": "application/json", "X-Booking": "1", "X-Phone": remembered() };
    return fetch(room + "/" + action, { method: "POST", headers: headers, body: JSON.stringify(content) })
      .then(function (response) { return response.json().catch(function () { return {}; }); })
      .catch(function () { statusElement.textContent = texts.offline; return {}; });
  }

  function show(key, children) {
    if (key === shown) { return; }
    shown = key;
    screenElement.textContent = "";
    children().forEach(function (child) { screenElement.appendChild(child); });
  }

  function labelled(id, label, input) {
    const made = element("label", label);
    made.htmlFor = id;
    input.id = id;
    return [made, input];
  }

  function form(fields, label, action) {
    const made = element("form");
    fields.forEach(function (field) { made.appendChild(field); });
    const submit = element("button", label, "big");
    made.appendChild(submit);
    made.addEventListener("submit", function (event) { event.preventDefault(); action(); });
    return made;
  }

  function askRoom() {
    const input = element("input");
    input.maxLength = 4;
    input.autocapitalize = "characters";
    input.autocomplete = "off";
    const fields = labelled("word", texts.room_question, input);
    if (room) { statusElement.textContent = texts.room_wrong; }
    show("room", function () {
      return [form(fields, texts.room_go, function () { location.href = input.value.trim().toUpperCase(); })];
    });
  }

  function askName() {
    const input = element("input");
    input.maxLength = 20;
    input.autocomplete = "off";
    const fields = labelled("name", texts.name_label, input);
    show("name", function () { return [form(fields, texts.join, function () { join(input.value); })]; });
  }

  function join(name) {
    send("join", { name: name, phone: remembered() }).then(function (answer) {
      if (answer.phone) { remember(answer.phone); listen(); }
    });
  }

  function askGuess(view) {
    const input = element("input");
    input.type = "number";
    input.inputMode = "numeric";
    input.min = "0";
    input.max = "128";
    const fields = labelled("guess", text("predict", view), input);
    return [form(fields, texts.predict_send, function () {
      const number = parseInt(input.value, 10);
      if (number >= 0) { send("guess", { number: number }); }
    })];
  }

  function choices(question, view) {
    const buttons = view.choices.map(function (choice) {
      const label = choice === "none" ? texts.lock_none : choice;
      const made = button(label, function () { send("vote", { choice: choice }); }, "choice");
      made.setAttribute("aria-pressed", String(choice === view.vote));
      return made;
    });
    return [element("p", question)].concat(buttons);
  }

  function handIn(view) {
    const fold = element("details");
    fold.appendChild(element("summary", texts.hand_in));
    const input = element("textarea");
    input.rows = 6;
    input.spellcheck = false;
    input.autocapitalize = "off";
    const fields = labelled("hand-in", texts.hand_in_hint, input);
    fold.appendChild(form(fields, texts.hand_in, function () {
      send("hand-in", { code: input.value }).then(function (answer) {
        statusElement.textContent = answer.ok ? texts.hand_in_done : texts.hand_in_refused;
      });
    }));
    view.handed.forEach(function (says) { fold.appendChild(element("p", says || texts.hand_in_done)); });
    return fold;
  }

  function outcome(view) {
    if (view.outcome === "bought" && view.others === 1) { return texts.bought_with_one; }
    if (view.outcome === "bought") { return view.others > 0 ? text("bought_with", view) : texts.bought_alone; }
    return texts[{ "sold out": "sold_out", "torn read": "torn_read", "unknown": "unknown" }[view.outcome] || "unfinished"];
  }

  function progress(view) {
    if (!view.state) { return text("pressed", { pid: view.pid || "..." }); }
    const name = "state_" + view.state[0];
    const value = view.state[2];
    if (view.state[0] === "pay" || !texts[name] || (view.state[1] === "call" && value === null)) {
      return view.state[0] === "acquire" ? texts.state_acquire : text("pressed", { pid: view.pid });
    }
    return text(name, { value: value });
  }

  function render(view) {
    document.getElementById("title").textContent = view.name + " · " + text("round", { number: view.round });
    statusElement.textContent = "";
    laneElement.textContent = view.buyer !== null && view.phase === "sale" && !view.outcome ? progress(view) : "";
    const key = [view.phase, view.round, view.guess, view.buyer, view.outcome, view.others, view.choices.join(), view.vote, view.handed.join()].join("|");
    show(key, function () {
      if (view.phase === "end") { return [element("p", texts.end, "verdict")]; }
      if (view.phase === "guess") {
        const welcome = view.tickets === 1 ? texts.welcome : text("welcome_many", view);
        return [element("p", welcome)].concat(
          view.guess === null ? askGuess(view) : [element("p", text("predicted", view), "verdict")]);
      }
      if (view.phase === "sale" && view.mode === "vote") { return choices(texts.vote_buyer, view); }
      if (view.outcome) {
        const said = [element("p", outcome(view), "verdict " + (view.outcome === "bought" ? "held" : ""))];
        return view.choices.length ? said.concat(choices(texts.vote, view), [handIn(view)]) : said;
      }
      if (view.phase === "verdict") {
        const said = [element("p", view.mode === "vote" ? texts.end : texts.not_in_round)];
        return view.choices.length ? said.concat(choices(texts.vote, view), [handIn(view)]) : said;
      }
      if (view.mode === "schedule") {
        if (view.buyer === null) { return [element("p", texts.not_in_round)]; }
        return [button(texts.step, function () { send("step", {}); }, "buy")];
      }
      if (view.buyer === null) { return [button(texts.buy, function () { send("buy", {}); }, "buy")]; }
      return [];
    });
  }

  function listen() {
    if (stream) { stream.close(); }
    stream = new EventSource(room + "/events?phone=" + encodeURIComponent(remembered()));
    stream.onmessage = function (event) { render(JSON.parse(event.data)); };
    stream.onerror = function () {
      statusElement.textContent = texts.offline;
      if (stream.readyState === EventSource.CLOSED) { shown = ""; setTimeout(askName, 1000); }
    };
  }

  // A phone that sleeps loses its stream without a word, so a page that is seen again opens a new one.
  function wake() {
    if (document.visibilityState === "visible" && data.known && remembered()) { listen(); }
  }

  document.getElementById("title").textContent = texts.title;
  document.addEventListener("visibilitychange", wake);
  window.addEventListener("pageshow", function (event) { if (event.persisted) { wake(); } });
  window.addEventListener("online", wake);
  if (!data.known) { askRoom(); } else if (remembered()) { listen(); } else { askName(); }
}());
