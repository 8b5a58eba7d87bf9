// Tells values under the pointer, sorts tables, opens what a link leads to. Without it all is there.
"use strict";
(() => {
  const cells = (row) => [...row.cells];
  const value = (row, column) => {
    const number = row.cells[column] && row.cells[column].dataset.v;
    return number === undefined ? null : Number(number);
  };
  const text = (row, column) => (row.cells[column] ? row.cells[column].textContent.trim() : "");

  // The table beneath a chart has, in the first cell of a row, its place along the picture.
  for (const figure of document.querySelectorAll("figure")) {
    const svg = figure.querySelector("svg.plot"), table = figure.querySelector(".data table");
    if (!svg || !table || !table.tHead) continue;
    const rows = [...table.tBodies[0].rows].filter((row) => value(row, 0) !== null);
    if (!rows.length) continue;
    const names = cells(table.tHead.rows[0]).map((cell) => cell.textContent.trim());
    let tip = null;
    const hide = () => { if (tip) tip.remove(); tip = null; };
    svg.addEventListener("pointermove", (event) => {
      const box = svg.getBoundingClientRect();
      const place = (event.clientX - box.left) / box.width;
      const far = (row) => Math.abs(value(row, 0) - place);
      const near = rows.reduce((best, row) => (far(row) < far(best) ? row : best));
      if (!tip) { tip = document.createElement("div"); tip.className = "tip"; figure.append(tip); }
      tip.textContent = cells(near).map((cell, at) => [at ? names[at] : "", cell.textContent.trim()])
        .filter((pair) => pair[1]).map((pair) => pair.join(" ").trim()).join("   ");
      const left = box.left - figure.getBoundingClientRect().left + value(near, 0) * box.width;
      tip.style.left = Math.max(0, Math.min(left + 10, figure.clientWidth - tip.offsetWidth)) + "px";
    });
    svg.addEventListener("pointerleave", hide);
  }

  function sort(table, heading) {
    const column = heading.cellIndex, rows = [...table.tBodies[0].rows];
    const hasNumbers = rows.some((row) => value(row, column) !== null);
    // Rows without a figure stay at the end, whichever way the others go.
    const isKnown = (row) => (hasNumbers ? value(row, column) !== null : text(row, column) !== "");
    const order = (a, b) => hasNumbers ? value(a, column) - value(b, column)
      : text(a, column).localeCompare(text(b, column), "en", { numeric: true });
    const falls = heading.getAttribute("aria-sort") === "ascending";
    const known = rows.filter(isKnown).sort(order);
    if (falls) known.reverse();
    table.tBodies[0].append(...known, ...rows.filter((row) => !isKnown(row)));
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", falls ? "descending" : "ascending");
  }
  for (const table of document.querySelectorAll("table.sortable")) {
    for (const heading of table.tHead ? table.tHead.rows[0].cells : []) {
      const words = heading.textContent.trim();
      if (!words) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = words;
      button.addEventListener("click", () => sort(table, heading));
      heading.replaceChildren(button);
    }
  }

  const reveal = () => {
    const found = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    for (let at = found; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    if (found) found.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();

  const command = document.querySelector("#repeat code"), link = document.querySelector(".meta a[href='#repeat']");
  if (command && link && navigator.clipboard) {
    link.addEventListener("click", () => navigator.clipboard.writeText(command.textContent).catch(() => {}));
  }
})();
