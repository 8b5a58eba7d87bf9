"use strict";
// What the tests ask of a page, from its inside.
const errors = [];
addEventListener("error", (event) => errors.push(String(event.message)));
addEventListener("unhandledrejection", (event) => errors.push(String(event.reason)));
const later = () => new Promise((resolve) => setTimeout(resolve, 200));

// Whether a column stands in order, what is unknown at the end.
function stands(table, column, isRising) {
  const cells = [...table.tBodies[0].rows].map((row) => row.cells[column]);
  const numbers = cells.map((cell) => (cell.dataset.v === undefined ? null : Number(cell.dataset.v)));
  const hasNumbers = numbers.some((number) => number !== null);
  const words = cells.map((cell) => cell.textContent.trim() || null);
  const values = hasNumbers ? numbers : words;
  const known = values.filter((value) => value !== null);
  if (values.slice(0, known.length).some((value) => value === null)) return false;
  const inOrder = (a, b) => (hasNumbers ? a <= b : a.localeCompare(b, "en", { numeric: true }) <= 0);
  return known.every((value, at) => at === 0 ||
    (isRising ? inOrder(known[at - 1], value) : inOrder(value, known[at - 1])));
}

// Text of charts that is cut off by the page's edge.
function cutOff() {
  const edge = document.documentElement.clientWidth + 1;
  const isOut = (box) => box.width > 0 && (box.right > edge || box.left < -1);
  return [...document.querySelectorAll("svg text")].filter((text) => !text.closest(".scroll") && isOut(text.getBoundingClientRect()))
    .map((text) => text.textContent);
}

// What is to be pressed or seen and has no name for whoever cannot see it.
function unnamed() {
  const name = (element) => element.getAttribute("aria-label") || element.textContent.trim() || element.title
    || (element.labels && element.labels.length > 0) || element.placeholder;
  const all = document.querySelectorAll("button, a[href], input, select, summary, [role=img], [role=dialog], [role=search] *[id]");
  return [...all].filter((element) => !name(element) && element.tagName !== "OUTPUT").map((element) => element.outerHTML.slice(0, 80));
}

addEventListener("load", async () => {
  const first = document.querySelector(".figs dd, .said p, .cards li, table td"), chart = document.querySelector("svg.plot, .ranges table, #servers tr:nth-child(8)");
  const above = first.getBoundingClientRect().bottom, low = chart ? chart.getBoundingClientRect().bottom : 0;
  const outside = cutOff();
  // What stands under the pointer is told.
  let told = 0;
  for (const svg of document.querySelectorAll("figure svg.plot")) {
    const box = svg.getBoundingClientRect();
    svg.dispatchEvent(new PointerEvent("pointermove", { clientX: box.left + box.width / 2, clientY: box.top + 5, bubbles: true }));
    told += svg.closest("figure").querySelector(".tip") ? 1 : 0;
    svg.dispatchEvent(new PointerEvent("pointerleave"));
  }
  for (const details of document.querySelectorAll("details")) details.open = true;
  await later();
  const unsorted = [];
  let pressed = 0;
  for (const table of document.querySelectorAll("table.sortable")) {
    for (const button of table.querySelectorAll("thead button")) {
      const heading = button.parentElement;
      for (const order of ["ascending", "descending"]) {
        button.click();
        pressed += 1;
        const isTold = heading.getAttribute("aria-sort") === order;
        if (!isTold || !stands(table, heading.cellIndex, order === "ascending")) {
          unsorted.push(heading.textContent + " " + order);
        }
      }
    }
  }
  // A weight that is moved moves the score.
  for (const input of document.querySelectorAll("form.weights input")) {
    input.value = input.max;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }
  await later();
  const root = document.documentElement;
  const found = JSON.stringify({
    errors, unsorted, pressed,
    above, chart: low, told, outside, unnamed: unnamed(),
    paper: getComputedStyle(document.body).backgroundColor,
    title: document.title,
    wider: Math.max(0, root.scrollWidth - root.clientWidth),
  });
  root.dataset.check = found;
  if (parent !== window) parent.postMessage(found, "*");
});
