// Looks at the page as axe-core does, which stands before this script: with everything that is folded
// open, and with the first server of a ranking opened. What is found is written into an attribute.
addEventListener("load", async () => {
  for (const fold of document.querySelectorAll("details")) fold.open = true;
  const row = document.querySelector('#servers tbody button');
  if (row) row.click();
  await new Promise((resolve) => setTimeout(resolve, 100));
  const seen = await axe.run(document, { resultTypes: ["violations"] });
  const violations = seen.violations.map((violation) => ({
    rule: violation.id,
    impact: violation.impact,
    at: violation.nodes.slice(0, 3).map((node) => node.html.slice(0, 200)),
  }));
  const found = JSON.stringify({ passes: seen.passes.length, violations });
  document.documentElement.dataset.check = found;
  if (parent !== window) parent.postMessage(found, "*");
});
