// Keys: `/` searches, `t` goes to a file, `g` and a letter go to a page, `?` shows them all.
// Single keys can be turned off, for whoever speaks to the browser instead of typing.

import { page } from "./page.js";

const OFF = "keys-off";
const PLACES = { f: "/", a: "/activity", e: "/agents", j: "/jobs", l: "/locks", w: "/triggers", n: "/attention" };
let going = false;

function shown(root) {
  const button = root.querySelector("[data-keys]");
  if (!button) return;
  const say = () => { button.textContent = `Turn single keys ${localStorage.getItem(OFF) ? "on" : "off"}`; };
  button.hidden = false;
  button.onclick = () => { if (localStorage.getItem(OFF)) localStorage.removeItem(OFF); else localStorage.setItem(OFF, "1"); say(); };
  say();
}

async function help() {
  if (document.querySelector("dialog[open]")) return;
  const keys = (await page("/keys"))?.getElementById("keys");
  if (!keys) return;
  const box = document.createElement("dialog");
  box.setAttribute("aria-labelledby", "keys-title");
  const close = Object.assign(document.createElement("button"), { textContent: "Close", className: "button" });
  close.onclick = () => box.close();
  box.append(document.adoptNode(keys), close);
  box.onclose = () => box.remove();
  document.body.append(box);
  shown(box);
  box.showModal();
}

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || localStorage.getItem(OFF)) return;
  if (event.target.closest("input, textarea, select, dialog")) return;
  const field = document.querySelector(".find input");
  const { key } = event;
  if (going && PLACES[key]) location.href = PLACES[key];
  else if (key === "/" || key === "t") { field.dataset.go = key === "t" ? "1" : ""; field.focus(); field.select(); }
  else if (key === "?") help();
  else if (key !== "g") { going = false; return; }
  going = key === "g";
  event.preventDefault();
});
shown(document);
