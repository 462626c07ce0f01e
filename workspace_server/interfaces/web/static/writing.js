// The editor: keys, a warning before what was typed is lost, and a word once the file has moved on.

const form = document.querySelector("form.editor");
const text = document.getElementById("text");
const standing = document.getElementById("standing");
const refused = document.getElementById("refused") !== null;
let leaves = false;
let sent = false;

for (const said of document.querySelectorAll("[data-scripted]")) said.hidden = false;

// Tab types a tab, as everywhere where code is written; after Escape it moves on, for whoever has no mouse.
text.addEventListener("keydown", (event) => {
  if (event.key === "Tab" && !leaves && !event.shiftKey && !event.ctrlKey && !event.altKey) {
    event.preventDefault();
    text.setRangeText("\t", text.selectionStart, text.selectionEnd, "end");
  }
  leaves = event.key === "Escape";
});

addEventListener("keydown", (event) => {
  if (event.key !== "s" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  form.requestSubmit(form.querySelector('[value="save"]'));
});

form.addEventListener("submit", () => { sent = true; });
addEventListener("pageshow", () => { sent = false; });
addEventListener("beforeunload", (event) => {
  if (!sent && (refused || text.value !== text.defaultValue)) event.preventDefault();
});

// What is newest is kept up to date by live.js, like every live part.
function look() {
  const newest = standing.querySelector("[data-version]")?.dataset.version ?? form.dataset.base;
  document.getElementById("moved-on").hidden = newest === form.dataset.base;
}
if (standing && !document.querySelector(".both")) {
  new MutationObserver(look).observe(standing, { childList: true, subtree: true });
  look();
}
