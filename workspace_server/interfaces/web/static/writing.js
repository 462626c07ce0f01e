// The editor: keys, a warning before what was typed is lost, and a word once the file has moved on.

const form = document.querySelector("form.editor");
const text = document.getElementById("text");
const standing = document.getElementById("standing");
const movedOn = document.getElementById("moved-on");
const refused = document.getElementById("refused") !== null;
let leavesByTab = false;
let sent = false;

for (const said of document.querySelectorAll("[data-scripted]")) said.hidden = false;

// Tab types a tab, as everywhere where code is written; after Escape it moves on, for whoever has no mouse.
text.addEventListener("keydown", (event) => {
  if (event.key === "Escape") { leavesByTab = true; return; }
  if (event.key !== "Tab" || event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return;
  if (leavesByTab) { leavesByTab = false; return; }
  event.preventDefault();
  text.setRangeText("\t", text.selectionStart, text.selectionEnd, "end");
});
text.addEventListener("blur", () => { leavesByTab = false; });

document.addEventListener("keydown", (event) => {
  if (event.key !== "s" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
  event.preventDefault();
  form.requestSubmit(form.querySelector('[name="do"][value="save"]'));
});

const isTyped = () => refused || text.value !== text.defaultValue;
form.addEventListener("submit", () => { sent = true; });
addEventListener("pageshow", () => { sent = false; });
addEventListener("beforeunload", (event) => { if (!sent && isTyped()) event.preventDefault(); });

// What is newest is kept up to date by live.js, like every live part.
if (standing && movedOn) {
  const look = () => {
    const newest = standing.querySelector("[data-version]")?.dataset.version;
    movedOn.hidden = newest === undefined || newest === form.dataset.base || document.querySelector(".both") !== null;
  };
  new MutationObserver(look).observe(standing, { childList: true, subtree: true });
  if (!refused) look();
}
