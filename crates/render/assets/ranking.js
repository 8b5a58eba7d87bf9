// Searches, filters, asks the questions, opens servers. Without it the table stands by the first
// question, and its columns can be chosen all the same.
"use strict";
(() => {
  const main = document.querySelector("main"), table = document.getElementById("servers");
  const data = JSON.parse(document.querySelector("#details script").textContent);
  const body = table.tBodies[0], rows = [...body.rows], cards = [...document.querySelectorAll(".cards li")];
  const form = document.querySelector(".find"), search = document.getElementById("search");
  const language = document.getElementById("language"), strict = document.getElementById("strict");
  const found = document.getElementById("found"), boxes = [...document.querySelectorAll(".columns input")];
  const initial = boxes.map((box) => box.checked);
  const make = (tag, words, className) => {
    const element = document.createElement(tag);
    if (words !== undefined) element.textContent = words;
    if (className) element.className = className;
    return element;
  };
  const drawing = (tag, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const name in attributes) element.setAttribute(name, attributes[name]);
    return element;
  };
  const asked = table.tHead.querySelectorAll("th.lead").length;
  let question = 0, open = null, panel = null, sorted = null;

  // The state is in the address: it can be sent, and the way back leads through it.
  function remember() {
    const state = new URLSearchParams();
    if (question) state.set("q", question + 1);
    if (search.value) state.set("s", search.value);
    if (language.value) state.set("lang", language.value);
    if (strict.checked) state.set("strict", 1);
    const others = boxes.filter((box, at) => box.checked !== initial[at]).map((box) => box.id);
    if (others.length) state.set("columns", others.join("."));
    if (open) state.set("open", name(open));
    const hash = state.toString();
    history.replaceState(null, "", hash ? "#" + hash : location.pathname + location.search);
  }
  const name = (row) => row.querySelector(".name").textContent;
  const shown = () => [...body.rows].filter((row) => !row.hidden);

  function filter() {
    const words = search.value.trim().toLowerCase();
    for (const row of rows) {
      const text = (name(row) + " " + row.dataset.also + " " + row.dataset.lang).toLowerCase();
      row.hidden = !text.includes(words) || (language.value !== "" && row.dataset.lang !== language.value)
        || (strict.checked && !row.querySelector(".kg .good"));
    }
    const left = shown().length;
    found.textContent = left < rows.length ? left + " of " + rows.length : "";
  }

  function ask(number) {
    question = number;
    cards.forEach((card, at) => {
      card.classList.toggle("now", at === number);
      card.querySelector("button").setAttribute("aria-pressed", at === number);
    });
    if (number >= asked) {
      const charts = document.querySelectorAll(".two figure");
      (charts[number - 1] ?? charts[charts.length - 1])?.scrollIntoView({ block: "center" });
      return;
    }
    main.dataset.q = number;
    const place = (row) => { const at = row.dataset.o.split(",")[number]; return at === "" ? 1e9 : Number(at); };
    body.append(...rows.slice().sort((a, b) => place(a) - place(b)));
    let before;
    for (const row of body.rows) {
      const tier = row.dataset.t.split(",")[number];
      row.className = (tier === "" ? "" : tier % 2 ? "t1" : "t2") + (before !== undefined && before !== tier ? " edge" : "");
      before = tier;
    }
    for (const heading of table.tHead.rows[0].cells) heading.removeAttribute("aria-sort");
    table.tHead.querySelectorAll("th.lead")[number].setAttribute("aria-sort", "other");
    sorted = null;
    if (open) open.classList.add("here");
  }

  // A heading sorts by its column: the first time the best first, as far as that is known.
  function sort(heading) {
    const at = heading.cellIndex;
    const key = (row) => row.cells[at].dataset.v;
    const words = (row) => row.cells[at].textContent.trim();
    const hasNumbers = rows.some((row) => key(row) !== undefined);
    const isMore = /\/s/.test(heading.textContent);
    const way = sorted && sorted.at === at ? -sorted.way : hasNumbers && isMore ? -1 : 1;
    const known = rows.filter((row) => (hasNumbers ? key(row) !== undefined : words(row)));
    known.sort((a, b) => way * (hasNumbers ? key(a) - key(b) : words(a).localeCompare(words(b), "en", { numeric: true })));
    body.append(...known, ...rows.filter((row) => !known.includes(row)));
    for (const row of rows) row.classList.remove("edge");
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", way > 0 ? "ascending" : "descending");
    sorted = { at, way };
  }

  function places(server) {
    const list = make("table");
    for (const [title, low, high, words] of server.places) {
      const row = list.insertRow();
      row.append(make("td", title));
      const svg = drawing("svg", { viewBox: "0 0 100 12", height: 12, preserveAspectRatio: "none", "aria-hidden": "true" });
      svg.append(drawing("rect", { width: 100, height: 12, fill: "var(--surface)" }));
      const each = 100 / data.of;
      svg.append(drawing("rect", { x: (low - 1) * each, width: Math.max(2, (high - low + 1) * each), height: 12, fill: "var(--s1)" }));
      row.insertCell().append(svg);
      row.append(make("td", low === high ? low : low + "–" + high), make("td", words, "r"));
    }
    return list;
  }

  // Latency by percentile: the mean of the rounds in a band from the least to the most.
  function latency([workload, rungs]) {
    const figure = make("figure");
    figure.append(make("h3", "Response time, " + workload), make("p", "mean, least and most of the rounds, by percentile", "quiet"));
    const low = Math.log(Math.min(...rungs.map((one) => one[2]))), high = Math.log(Math.max(...rungs.map((one) => one[3])));
    const last = rungs[rungs.length - 1][0];
    const at = (nines, us) => (280 * nines / last).toFixed(1) + " " + (8 + 92 * (high - Math.log(us)) / (high - low || 1)).toFixed(1);
    const words = (us) => (us < 1e3 ? us.toPrecision(3) + " µs" : (us / 1e3).toPrecision(3) + " ms");
    const svg = drawing("svg", { viewBox: "0 0 280 116", width: "100%", role: "img", "aria-label": words(rungs[0][1]) + " to " + words(rungs[rungs.length - 1][1]) });
    const band = rungs.map((one) => at(one[0], one[3])).concat(rungs.slice().reverse().map((one) => at(one[0], one[2])));
    svg.append(drawing("path", { class: "band c0", d: "M" + band.join(" ") + "z" }));
    svg.append(drawing("path", { class: "line c0", d: "M" + rungs.map((one) => at(one[0], one[1])).join(" ") }));
    for (const [nines, label] of [[0.301, "p50"], [1, "p90"], [2, "p99"]]) {
      const text = drawing("text", { x: Math.min(262, 280 * nines / last), y: 114, class: "m" });
      text.textContent = label;
      if (nines <= last + 0.01) svg.append(text);
    }
    figure.append(svg, make("p", words(rungs[0][1]) + " to " + words(rungs[rungs.length - 1][1]), "quiet"));
    return figure;
  }

  function figures(server) {
    const all = make("details");
    all.append(make("summary", "All figures"));
    server.cells.forEach(([list, remarks], at) => {
      if (!list.length) return;
      all.append(make("h3", data.workloads[at]));
      const grid = make("table");
      for (const [title, words, range] of list) {
        const row = grid.insertRow();
        row.append(make("td", title), make("td", words, "r"), make("td", range, "r quiet"));
      }
      all.append(grid, ...remarks.map((words) => make("p", words, "quiet")));
    });
    return all;
  }

  function show(row, isFocused) {
    close(false);
    open = row;
    row.classList.add("here");
    const server = data.servers[Number(row.id.slice(1))];
    panel = make("div");
    panel.id = "panel";
    panel.setAttribute("role", "dialog");
    panel.setAttribute("aria-label", name(row));
    const button = make("button", "✕", "close");
    button.type = "button";
    button.setAttribute("aria-label", "close");
    button.addEventListener("click", () => close(true));
    panel.append(button, make("h2", name(row)), make("p", server.what));
    if (server.places.length) panel.append(make("h3", "Its places among " + data.of), places(server));
    if (server.latency && server.latency[1].length > 1) panel.append(latency(server.latency));
    panel.append(make("h3", "Conformance"), make("p", server.gate));
    if (server.cases) panel.append(make("p", server.cases, "quiet"));
    for (const words of server.failures) panel.append(make("p", "✕ " + words, "bad"));
    panel.append(figures(server), make("h3", "How it is run"));
    for (const words of server.made.concat(server.notes)) panel.append(make("p", words));
    main.append(panel);
    main.classList.add("open");
    if (isFocused) button.focus();
    remember();
  }

  function close(isFocused) {
    if (!open) return;
    open.classList.remove("here");
    panel.remove();
    main.classList.remove("open");
    if (isFocused) open.querySelector("button").focus();
    open = panel = null;
    if (isFocused) remember();
  }

  cards.forEach((card, at) => {
    const button = make("button", card.querySelector("b").textContent);
    button.type = "button";
    button.addEventListener("click", () => { ask(at); remember(); });
    card.querySelector("b").replaceWith(button);
  });
  for (const heading of table.tHead.rows[0].cells) {
    if (heading.classList.contains("bar")) continue;
    const button = make("button");
    button.type = "button";
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sort(heading));
    heading.append(button);
  }
  for (const row of rows) {
    const label = row.querySelector(".name"), button = make("button", label.textContent, "name");
    button.type = "button";
    label.replaceWith(button);
    row.cells[0].addEventListener("click", () => show(row, true));
  }
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => { filter(); remember(); });
  for (const box of boxes) box.addEventListener("change", remember);

  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") { if (open) close(true); else if (document.activeElement === search) search.blur(); return; }
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) return;
    if (event.key === "/") { event.preventDefault(); search.focus(); }
    if (/^[1-9]$/.test(event.key) && cards[event.key - 1]) { ask(event.key - 1); remember(); }
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const all = shown(), step = event.key === "ArrowDown" ? 1 : -1;
      const focused = document.activeElement.closest("#servers tbody tr");
      if (!focused && !open) return;
      event.preventDefault();
      const next = all[all.indexOf(open || focused) + step];
      if (next && open) { show(next, false); next.scrollIntoView({ block: "nearest" }); } else if (next) next.querySelector("button").focus();
    }
  });

  const state = new URLSearchParams(location.hash.slice(1));
  search.value = state.get("s") || "";
  language.value = state.get("lang") || "";
  strict.checked = state.has("strict");
  const others = (state.get("columns") || "").split(".");
  boxes.forEach((box, at) => { box.checked = initial[at] !== others.includes(box.id); });
  ask(Math.max(0, Math.min(cards.length, Number(state.get("q")) || 1) - 1));
  filter();
  const wanted = rows.find((row) => name(row) === state.get("open"));
  if (wanted) show(wanted, false);

  // The overall score by weights that the reader changes.
  const weights = document.querySelector("form.weights"), scores = document.getElementById("scores");
  if (!weights) return;
  const shortfalls = JSON.parse(scores.querySelector("script").textContent);
  const scored = [...scores.querySelector("tbody").rows];
  function weigh() {
    const inputs = [...weights.querySelectorAll("input")];
    for (const input of inputs) input.nextElementSibling.textContent = Number(Number(input.value).toFixed(2));
    const all = scored.map((row, at) => {
      let sum = 0, of = 0;
      for (const input of inputs) for (const shortfall of shortfalls[input.dataset.key][at]) {
        sum += Number(input.value) * shortfall;
        of += Number(input.value);
      }
      return { row, score: of > 0 ? Math.exp(-sum / of) : null };
    });
    all.sort((a, b) => (b.score ?? -1) - (a.score ?? -1));
    for (const { row, score } of all) {
      row.cells[1].textContent = score === null ? "—" : score.toFixed(3);
      scores.querySelector("tbody").append(row);
    }
  }
  weights.hidden = false;
  weights.addEventListener("input", weigh);
  weights.addEventListener("reset", () => setTimeout(weigh));
})();
