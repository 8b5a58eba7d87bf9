"use strict";
// A reader at work on the page of a ranking: what does not come out as it should is told.
addEventListener("load", async () => {
  const failed = [];
  let asked = 0;
  const holds = (words, is) => { asked += 1; if (!is) failed.push(words); };
  const later = (ms = 60) => new Promise((resolve) => setTimeout(resolve, ms));
  const rows = () => [...document.querySelectorAll("#servers tbody tr")].filter((row) => !row.hidden);
  const name = (row) => row.querySelector(".name").textContent;
  const key = (pressed) => document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: pressed, bubbles: true, cancelable: true }));
  const search = document.getElementById("search"), language = document.getElementById("language");
  const input = (element, value) => { element.value = value; element.dispatchEvent(new Event("input", { bubbles: true })); };

  const all = rows().length, best = name(rows()[0]);
  holds("the best first", best === "uwebsockets");
  input(search, "tokio");
  holds("one is found", rows().length === 1 && name(rows()[0]) === "tokio-tungstenite");
  holds("the search is in the address", location.hash.includes("s=tokio"));
  input(search, "");
  input(language, "Go");
  holds("two of a language", rows().length === 2 && location.hash.includes("lang=Go"));
  holds("how many is told", document.getElementById("found").textContent === "2 of " + all);
  input(language, "");

  key("2");
  holds("the second question", document.querySelectorAll(".cards li")[1].classList.contains("now"));
  const shown = (selector) => [...document.querySelectorAll("#servers " + selector)].some((cell) => cell.offsetWidth > 0);
  holds("its figures alone", shown(".q1") && !shown(".q0"));
  holds("the question is in the address", location.hash.includes("q=2"));
  key("1");
  holds("the first again", shown(".q0") && !shown(".q1") && name(rows()[0]) === best);

  const box = document.querySelector(".columns input:not(:checked)");
  holds("a column is hidden", !shown("." + box.id));
  box.click();
  holds("and shown when it is chosen", shown("." + box.id) && location.hash.includes("columns=" + box.id));
  box.click();

  rows()[2].querySelector("button").click();
  await later();
  const panel = () => document.getElementById("panel");
  holds("a server is opened", panel() && panel().textContent.includes(name(rows()[2])));
  holds("its places and its latency are drawn", panel().querySelectorAll("svg").length > 3);
  holds("its figures are told", panel().querySelectorAll("details table tr").length > 5);
  holds("it is in the address", decodeURIComponent(location.hash).includes("open=" + name(rows()[2])));
  key("ArrowDown");
  holds("the next by the arrow", panel().textContent.includes(name(rows()[3])));
  key("Escape");
  holds("closed by Escape", !panel() && document.activeElement.closest("tr") === rows()[3]);
  document.activeElement.blur();
  key("/");
  holds("the search by the slash", document.activeElement === search);

  const heading = document.querySelector("#servers th.lead.q0 button");
  heading.click();
  holds("the heading sorts best first", name(rows()[0]) === best || name(rows()[0]) === "control");
  heading.click();
  holds("and then the other way", name(rows()[0]) !== best);
  document.documentElement.dataset.check = JSON.stringify({ failed, asked });
});
