// The lab's page: it asks Python in a worker, and shows what it answers. Nothing leaves the browser.
"use strict";
(function () {
  const TABS = ["play", "explore", "write", "lessons"];
  const PATIENCE = 10000; // milliseconds until a worker that does not answer is ended
  const MOST_CODE = 20000;
  let contents = null;
  let language = remembered("language") || (navigator.language || "").slice(0, 2);
  let worker = null;
  let ready = null;
  let asked = 0;
  const waiting = {};
  let game = { level: "twice", turns: [], levels: [], solved: JSON.parse(remembered("solved") || "{}") };

  function at(id) { return document.getElementById(id); }

  function remembered(name) {
    try { return localStorage.getItem("booking-lab-" + name); } catch (error) { return null; }
  }

  function remember(name, value) {
    try { localStorage.setItem("booking-lab-" + name, value); } catch (error) { /* a private window keeps nothing */ }
  }

  function text(name, values) {
    return contents.texts[language][name].replace(/{(\w+)}/g, function (_, key) { return String((values || {})[key]); });
  }

  function element(tag, content, className) {
    const made = document.createElement(tag);
    if (content !== undefined && content !== null) { made.textContent = content; }
    if (className) { made.className = className; }
    return made;
  }

  function fill(place, children) {
    place.textContent = "";
    children.forEach(function (child) { place.appendChild(child); });
  }

  function button(label, action, className) {
    const made = element("button", label, className);
    made.type = "button";
    made.addEventListener("click", action);
    return made;
  }

  // Python

  function startWorker() {
    worker = new Worker("worker.js", { type: "module" });
    worker.onmessage = function (event) {
      const told = waiting[event.data.id];
      delete waiting[event.data.id];
      if (told) { told(event.data.result); }
    };
    say(text("loading"));
    const began = performance.now();
    ready = send("start", { pyodide: new URL(contents.pyodide, location.href).href }, 120000).then(function (result) {
      document.body.dataset.ready = result.error ? "failed" : String(Math.round(performance.now() - began));
      say(result.error ? text("no_pyodide", { error: result.error }) : "");
      return result;
    });
  }

  function send(name, said, patience) {
    asked += 1;
    const id = asked;
    return new Promise(function (resolve) {
      const limit = setTimeout(function () {
        delete waiting[id];
        worker.terminate();
        Object.keys(waiting).forEach(function (other) { waiting[other]({ error: text("stopped") }); delete waiting[other]; });
        resolve({ error: text("stopped") });
        startWorker();
      }, patience || PATIENCE);
      waiting[id] = function (result) { clearTimeout(limit); resolve(result); };
      worker.postMessage({ id: id, name: name, said: said });
    });
  }

  function ask(name, said) {
    return ready.then(function () { return send(name, said); });
  }

  function say(words) { at("status").textContent = words; }

  // Play

  function showLevels() {
    fill(at("levels"), game.levels.map(function (level) {
      const item = element("li");
      const mark = game.solved[level.name] ? "✓ " : "";
      const made = button(mark + level.title, function () { openLevel(level.name); });
      if (level.name === game.level) { made.setAttribute("aria-current", "true"); }
      item.appendChild(made);
      return item;
    }));
  }

  function openLevel(name) {
    game.level = name;
    game.turns = [];
    showLevels();
    showGame();
  }

  function take(turn) {
    game.turns.push(turn);
    showGame();
  }

  function showGame() {
    ask("play", { level: game.level, turns: game.turns }).then(function (state) {
      if (state.error) { game.turns.pop(); say(state.error); return; }
      const level = game.levels.find(function (one) { return one.name === game.level; });
      at("level-title").textContent = level.title;
      at("level-setting").textContent = text("setting", level);
      at("level-idea").textContent = "";
      const moves = [];
      state.buyers.forEach(function (buyer) {
        if (buyer.next !== null && buyer.outcome === null) {
          const label = text("move", { buyer: buyer.buyer, next: buyer.next });
          const made = button(label, function () { take(buyer.buyer); }, "move");
          made.disabled = state.won || state.over;
          moves.push(made);
          if (state.may_kill && !state.won) { moves.push(button(text("kill", buyer), function () { take(-buyer.buyer); })); }
        }
      });
      fill(at("moves"), moves);
      at("level-state").textContent = state.won ? text("won", { steps: state.moves.length, order: state.order }) :
        state.over ? text("lost", state) : text("standing", { sold: state.sold, tickets: state.tickets, count: state.count });
      at("level-state").className = state.won ? "good" : "";
      if (state.won) { solve(level, state); }
      fill(at("level-buttons"), [
        button(text("undo"), function () { game.turns.pop(); showGame(); }),
        button(text("again"), function () { game.turns = []; showGame(); }),
        button(text("hint"), function () {
          ask("hint", { level: game.level, turns: game.turns }).then(function (told) { at("level-idea").textContent = told.text || told.error; });
        }),
        button(text("idea"), function () { at("level-idea").textContent = level.idea; }),
        button(text("claim"), function () {
          ask("claim", { level: game.level }).then(function (told) {
            at("level-idea").textContent = told.right ? told.text : text("not_hopeless");
            if (told.right) { solve(level, { order: "hopeless" }); }
          });
        }),
      ]);
      columns(state);
    });
  }

  function solve(level, state) {
    const found = game.solved[level.name] || [];
    if (found.indexOf(state.order) < 0) { found.push(state.order); }
    if (found.length >= level.orders) { game.solved[level.name] = found; remember("solved", JSON.stringify(game.solved)); }
    showLevels();
  }

  function columns(state) {
    const head = element("tr");
    head.appendChild(element("th", text("step")));
    state.buyers.forEach(function (buyer) { head.appendChild(element("th", text("buyer", buyer))); });
    const rows = state.moves.map(function (move, place) {
      const row = element("tr");
      row.appendChild(element("th", place + 1));
      state.buyers.forEach(function (buyer) { row.appendChild(element("td", buyer.buyer === move.buyer ? move.text : "")); });
      return row;
    });
    const last = element("tr");
    last.appendChild(element("td", ""));
    state.buyers.forEach(function (buyer) { last.appendChild(element("td", buyer.outcome || "", "outcome")); });
    fill(at("columns"), [head].concat(rows, [last]));
  }

  // Explore

  const DIALS = [
    ["buyers", "number", 2, 1, 20], ["tickets", "number", 1, 0, 20],
    ["lock", ["none", "mp", "file", "semaphore", "cas", "cas-naive"], "none"], ["store", ["json", "inplace", "memory", "shared"], "json"],
    ["crashes", "number", 0, 0, 2],
  ];

  function showDials() {
    const fields = DIALS.map(function (dial) {
      const label = element("label", text("dial_" + dial[0]) + " ");
      const input = element(dial[1] === "number" ? "input" : "select");
      if (dial[1] === "number") {
        input.type = "number"; input.min = dial[3]; input.max = dial[4];
      } else {
        dial[1].forEach(function (choice) { input.appendChild(element("option", choice)); });
      }
      input.name = dial[0];
      input.value = dial[2];
      label.appendChild(input);
      return label;
    });
    const submit = element("button", text("count"), "main");
    fill(at("dials"), fields.concat([submit]));
    at("dials").onsubmit = function (event) { event.preventDefault(); explore(); };
  }

  function explore() {
    const said = {};
    DIALS.forEach(function (dial) {
      const value = at("dials").elements[dial[0]].value;
      said[dial[0]] = dial[1] === "number" ? parseInt(value, 10) || 0 : value;
    });
    say(text("working"));
    ask("explore", said).then(function (found) {
      say("");
      at("counts").textContent = found.error || found.text;
      at("picture").hidden = Boolean(found.error);
      if (found.page) { at("picture").srcdoc = found.page; }
    });
  }

  // Write

  // The editor: CodeMirror where it is there, else a text area with numbers of its own.

  let mirror = null;

  function codeText() { return mirror ? mirror.getValue() : at("code").value; }

  function setCode(code) {
    if (mirror) { mirror.setValue(code); } else { at("code").value = code; number(); }
    remember("code", code);
  }

  function number() {
    const lines = at("code").value.split("\n").length;
    at("gutter").textContent = "";
    for (let line = 1; line <= lines; line += 1) { at("gutter").appendChild(element("span", line + "\n")); }
    at("gutter").scrollTop = at("code").scrollTop;
  }

  function mark(lines) {
    if (mirror) {
      mirror.clearGutter("stands");
      mirror.eachLine(function (line) { mirror.removeLineClass(line, "background", "here"); });
      Object.keys(lines).forEach(function (line) {
        if (line > mirror.lineCount()) { return; }
        mirror.setGutterMarker(line - 1, "stands", element("span", lines[line] + ">", "stands"));
        mirror.addLineClass(line - 1, "background", "here");
      });
      return;
    }
    Array.from(at("gutter").children).forEach(function (child, index) {
      const names = lines[index + 1];
      child.className = names ? "here" : "";
      child.textContent = (names ? names + "> " : "") + (index + 1) + "\n";
    });
  }

  function loadMirror() {
    if (!contents.editor || mirror) { return Promise.resolve(); }
    const style = element("link");
    style.rel = "stylesheet";
    style.href = "codemirror/codemirror.css";
    document.head.appendChild(style);
    return ["codemirror/codemirror.js", "codemirror/python.js"].reduce(function (before, file) {
      return before.then(function () {
        return new Promise(function (resolve, reject) {
          const script = element("script");
          script.src = file;
          script.onload = resolve;
          script.onerror = reject;
          document.head.appendChild(script);
        });
      });
    }, Promise.resolve()).then(function () {
      mirror = window.CodeMirror.fromTextArea(at("code"), {
        mode: "python", lineNumbers: true, indentUnit: 4, inputStyle: "contenteditable", gutters: ["stands", "CodeMirror-linenumbers"],
        screenReaderLabel: text("editor"),
        extraKeys: {
          Tab: function (editor) { editor.execCommand("insertSoftTab"); },
          Esc: function (editor) { editor.setOption("extraKeys", {}); },
        },
      });
      at("gutter").hidden = true;
      mirror.on("change", function () { remember("code", mirror.getValue()); });
    }).catch(function () { mirror = null; });
  }

  function encoded(code) {
    const bytes = new TextEncoder().encode(code);
    return btoa(Array.from(bytes, function (byte) { return String.fromCharCode(byte); }).join("")).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  function decoded(link) {
    const bytes = atob(link.replace(/-/g, "+").replace(/_/g, "/"));
    return new TextDecoder().decode(Uint8Array.from(bytes, function (character) { return character.charCodeAt(0); }));
  }

  function editor() {
    const code = at("code");
    const shared = location.hash.match(/^#code=([\w-]+)$/);
    let first = remembered("code") || text("first_lock");
    try { if (shared) { first = decoded(shared[1]).slice(0, MOST_CODE); openTab("write"); } } catch (error) { say(text("bad_link")); }
    code.setAttribute("aria-label", text("editor"));
    loadMirror().then(function () { setCode(first); if (mirror) { setTimeout(function () { mirror.refresh(); }, 0); } });
    code.addEventListener("input", function () { remember("code", code.value); number(); });
    code.addEventListener("scroll", function () { at("gutter").scrollTop = code.scrollTop; });
    code.addEventListener("keydown", function (event) {
      if (event.key === "Tab" && !event.shiftKey && !code.dataset.leave) {
        event.preventDefault();
        code.setRangeText("    ", code.selectionStart, code.selectionEnd, "end");
        number();
      }
      code.dataset.leave = event.key === "Escape" ? "yes" : "";
    });
    fill(at("write-buttons"), [
      button(text("prove"), proveIt, "main"),
      starters(),
      button(text("share"), function () {
        location.hash = "code=" + encoded(codeText());
        if (navigator.clipboard) { navigator.clipboard.writeText(location.href).catch(function () {}); }
        say(text("shared"));
      }),
      button(text("download"), function () {
        const link = element("a");
        link.href = URL.createObjectURL(new Blob([codeText()], { type: "text/x-python" }));
        link.download = "lock.py";
        link.click();
      }),
    ]);
  }

  function starters() {
    const chosen = element("select");
    chosen.setAttribute("aria-label", text("starter"));
    chosen.appendChild(element("option", text("starter")));
    contents.starters.forEach(function (starter) { chosen.appendChild(element("option", starter.name)); });
    chosen.addEventListener("change", function () {
      const starter = contents.starters[chosen.selectedIndex - 1];
      if (starter) { setCode(starter.code); mark({}); fill(at("verdicts"), []); fill(at("witness"), []); }
    });
    return chosen;
  }

  function proveIt() {
    say(text("working"));
    fill(at("verdicts"), []);
    fill(at("witness"), []);
    mark({});
    const began = performance.now();
    ask("prove", { code: codeText(), buyers: [2] }).then(function (found) {
      say("");
      document.body.dataset.proved = String(Math.round(performance.now() - began));
      if (found.error) {
        fill(at("verdicts"), [element("p", found.error, "bad")]);
        if (found.line) { const lines = {}; lines[found.line] = "!"; mark(lines); }
        return;
      }
      if (found.text) {
        fill(at("verdicts"), [element("h2", text("buyer_of", found)), element("pre", found.text)]);
        at("verdicts").lastChild.tabIndex = 0;
        return;
      }
      const result = found.results[0];
      const signs = { holds: "✓", broken: "✗", unknown: "?" };
      const rows = ["exclusion", "deadlock_freedom", "starvation_freedom"].map(function (name) {
        const finding = result.properties[name];
        const row = element("p", signs[finding.answer] + " " + text(name) + ": " + text(finding.answer), finding.answer === "holds" ? "good" : finding.answer === "broken" ? "bad" : "");
        const whole = element("div");
        whole.appendChild(row);
        whole.appendChild(element("p", finding.reason, "reason"));
        if (finding.steps.length || finding.cycle.length) { whole.appendChild(button(text("walk"), function () { walk(finding); })); }
        return whole;
      });
      fill(at("verdicts"), [element("h2", text("proof_of", { lock: found.lock }))].concat(rows));
      const broken = ["exclusion", "deadlock_freedom", "starvation_freedom"].map(function (name) { return result.properties[name]; })
        .find(function (finding) { return finding.answer === "broken" && finding.steps.length; });
      if (broken) { walk(broken); }
    });
  }

  function walk(finding) {
    const steps = finding.steps.concat(finding.cycle);
    let place = steps.length;
    const table = element("table");
    const controls = element("div", undefined, "row");
    const told = element("p", undefined, "told");
    told.setAttribute("aria-live", "polite");
    function show() {
      const lines = {};
      steps.slice(0, place).forEach(function (step) {
        Object.keys(lines).forEach(function (line) {
          lines[line] = lines[line].split(" ").filter(function (name) { return name !== String(step.buyer); }).join(" ");
          if (!lines[line]) { delete lines[line]; }
        });
        if (step.line) { lines[step.line] = ((lines[step.line] || "") + " " + step.buyer).trim(); }
      });
      mark(lines);
      const last = steps[place - 1];
      told.textContent = last ? text("at_step", { place: place, all: steps.length, buyer: last.buyer, what: last.what, line: last.line,
        cells: Object.keys(last.cells).map(function (name) { return name + " = " + last.cells[name]; }).join(", ") }) +
        (last.inside.length > 1 ? " " + text("both_inside", { buyers: last.inside.join(", ") }) : "") : text("at_start");
      Array.from(table.rows).forEach(function (row, index) { row.className = index === place ? "now" : ""; });
    }
    const head = element("tr");
    [text("step"), text("buyer", { buyer: "" }), text("access"), text("line")].forEach(function (name) { head.appendChild(element("th", name)); });
    fill(table, [head].concat(steps.map(function (step, index) {
      const row = element("tr");
      const again = index >= finding.steps.length ? " ↻" : "";
      [index + 1 + again, step.buyer, step.what, step.line || ""].forEach(function (cell) { row.appendChild(element("td", cell)); });
      return row;
    })));
    fill(controls, [
      button(text("back"), function () { place = Math.max(0, place - 1); show(); }),
      button(text("forward"), function () { place = Math.min(steps.length, place + 1); show(); }),
      button(text("from_start"), function () { place = 0; show(); }),
    ]);
    const frame = element("div", undefined, "scroll");
    frame.appendChild(table);
    fill(at("witness"), [element("h2", text("witness")), controls, told, frame]);
    if (finding.cycle.length) { at("witness").appendChild(element("p", text("cycle", { steps: finding.cycle.length }))); }
    show();
  }

  // Lessons

  function showLessons() {
    const lessons = contents.lessons[language];
    fill(at("lesson-list"), lessons.map(function (lesson) {
      const item = element("li");
      item.appendChild(button(lesson.title, function () { openLesson(lesson); }));
      return item;
    }));
    if (lessons.length) { openLesson(lessons[0]); }
  }

  function openLesson(lesson) {
    const article = at("lesson");
    article.innerHTML = lesson.html; // our own text, built into the site
    article.querySelectorAll("pre").forEach(function (block) { block.tabIndex = 0; }); // it may be wider than a phone
    const comments = document.createNodeIterator(article, NodeFilter.SHOW_COMMENT);
    let comment = comments.nextNode();
    while (comment) {
      const name = (comment.textContent.match(/exercise: ([\w-]+)/) || [])[1];
      if (name && contents.exercises[name]) {
        let question = comment.nextSibling; // the form follows the question's paragraph
        while (question && question.nodeName !== "P") { question = question.nextSibling; }
        comment.parentNode.insertBefore(exercise(contents.exercises[name]), question && question.nextSibling);
      }
      comment = comments.nextNode();
    }
    article.scrollTop = 0;
  }

  function exercise(task) {
    const form = element("form", undefined, "row exercise");
    const input = element("input");
    input.setAttribute("aria-label", text("answer"));
    input.placeholder = task.kind === "schedule" ? "1,2,..." : "";
    const result = element("span");
    result.setAttribute("role", "status");
    fill(form, [input, element("button", text("check")), result]);
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      ask("check", { exercise: task, answer: input.value }).then(function (told) {
        result.textContent = told.error ? told.error : told.right ? "✓ " + text("right") : "✗ " + text("wrong");
        result.className = told.right ? "good" : "bad";
      });
    });
    return form;
  }

  // The whole

  function openTab(name) {
    TABS.forEach(function (tab) { at(tab).hidden = tab !== name; });
    Array.from(at("tabs").children).forEach(function (tab) { tab.setAttribute("aria-current", String(tab.dataset.tab === name)); });
    remember("tab", name);
    if (name === "write" && mirror) { mirror.refresh(); }
  }

  function showAll() {
    document.documentElement.lang = language;
    at("heading").textContent = text("heading");
    fill(at("tabs"), TABS.map(function (tab) {
      const made = button(text("tab_" + tab), function () { openTab(tab); });
      made.dataset.tab = tab;
      return made;
    }));
    at("language").textContent = language === "zh" ? "English" : "中文";
    at("real").textContent = text("real");
    at("levels-title").textContent = text("levels");
    at("lessons-title").textContent = text("tab_lessons");
    at("picture").title = text("tab_explore");
    showDials();
    showLessons();
    openTab(remembered("tab") || "play");
    editor();
    ask("levels", { language: language }).then(function (told) {
      if (told.error) { say(told.error); return; }
      game.levels = told.levels;
      at("buyer-code").textContent = told.code;
      openLevel(game.level);
    });
  }

  at("language").addEventListener("click", function () {
    language = language === "zh" ? "en" : "zh";
    remember("language", language);
    if (!mirror) { at("code").replaceWith(at("code").cloneNode(true)); }
    showAll();
  });

  document.addEventListener("keydown", function (event) {
    if (!at("play").hidden && /^[1-9]$/.test(event.key) && !/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) {
      const move = Array.from(at("moves").querySelectorAll(".move")).find(function (one) { return one.textContent.indexOf(event.key) >= 0; });
      if (move && !move.disabled) { move.click(); }
    }
  });

  fetch("lab.json").then(function (answer) { return answer.json(); }).then(function (found) {
    contents = found;
    if (!contents.texts[language]) { language = "en"; }
    startWorker();
    showAll();
  });
  if ("serviceWorker" in navigator) { navigator.serviceWorker.register("offline.js").catch(function () {}); }
}());
