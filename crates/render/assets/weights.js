// Weighs the overall score anew. Without it the table stands by the suite's weights.
"use strict";
(() => {
  const form = document.querySelector("form.weights");
  const scores = document.getElementById("scores");
  const shortfalls = JSON.parse(scores.querySelector("script").textContent);
  const body = scores.querySelector("tbody");
  const rows = [...body.rows];

  function weigh() {
    const inputs = [...form.querySelectorAll("input")];
    for (const input of inputs) input.nextElementSibling.textContent = Number(Number(input.value).toFixed(2));
    const found = rows.map((row, at) => {
      let sum = 0, of = 0;
      for (const input of inputs) {
        const weight = Number(input.value);
        for (const shortfall of shortfalls[input.dataset.key][at]) {
          sum += weight * shortfall;
          of += weight;
        }
      }
      return { row, score: of > 0 ? Math.exp(-sum / of) : null };
    });
    found.sort((a, b) => (b.score ?? -1) - (a.score ?? -1));
    for (const { row, score } of found) {
      row.cells[1].textContent = score === null ? "—" : score.toFixed(3);
      body.append(row);
    }
  }
  form.hidden = false;
  form.addEventListener("input", weigh);
  form.addEventListener("reset", () => setTimeout(weigh));
})();
