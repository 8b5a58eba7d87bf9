// Sorts tables by the column whose heading is pressed. Without it they stand as they were written.
"use strict";
(() => {
  const value = (row, column) => {
    const cell = row.cells[column];
    const number = cell && cell.dataset.v;
    return number === undefined ? null : Number(number);
  };
  const text = (row, column) => (row.cells[column] ? row.cells[column].textContent.trim() : "");
  const isLess = (column, hasNumbers) => (a, b) =>
    hasNumbers
      ? value(a, column) - value(b, column)
      : text(a, column).localeCompare(text(b, column), "en", { numeric: true });

  function sort(table, heading) {
    const column = heading.cellIndex;
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const hasNumbers = rows.some((row) => value(row, column) !== null);
    // Rows without a figure stay at the end, whichever way the others go.
    const isKnown = (row) => (hasNumbers ? value(row, column) !== null : text(row, column) !== "");
    const isFalling = heading.getAttribute("aria-sort") === "ascending";
    const known = rows.filter(isKnown).sort(isLess(column, hasNumbers));
    if (isFalling) known.reverse();
    body.append(...known, ...rows.filter((row) => !isKnown(row)));
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", isFalling ? "descending" : "ascending");
  }

  for (const table of document.querySelectorAll("table.sortable")) {
    if (!table.tHead) continue;
    for (const heading of table.tHead.rows[0].cells) {
      const words = heading.textContent.trim();
      if (!words) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = words;
      button.title = "sort by " + words;
      button.addEventListener("click", () => sort(table, heading));
      heading.replaceChildren(button);
    }
  }
})();
