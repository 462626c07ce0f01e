// Search as one types: the field above every page offers files by their names. Enter alone searches in what files say,
// unless the field was reached by `t`. The server finds and escapes; its page `/find` shows the same.

import { page } from "./page.js";

const field = document.querySelector(".find input");
const list = document.createElement("ul");
const said = document.createElement("p");
let asked = 0;
let due = null;

function set(pairs) {
  for (const [name, value] of Object.entries(pairs)) field.setAttribute(name, value);
}

function choose(row) {
  list.querySelector("[aria-selected=true]")?.setAttribute("aria-selected", "false");
  row?.setAttribute("aria-selected", "true");
  row?.scrollIntoView({ block: "nearest" });
  set({ "aria-activedescendant": row?.id ?? "" });
}

function show(rows) {
  list.replaceChildren(...rows);
  list.hidden = rows.length === 0;
  set({ "aria-expanded": !list.hidden });
  choose(field.dataset.go ? rows[0] : null);
}

async function ask() {
  const number = ++asked;
  const query = field.value.trim();
  if (!query) { show([]); return; }
  const found = await page(`/find?q=${encodeURIComponent(query)}`);
  if (!found || number !== asked) return;
  const rows = [...found.querySelectorAll("#found a")].map((link, at) => {
    const row = document.createElement("li");
    row.role = "option";
    row.id = `found-${at}`;
    row.dataset.to = link.getAttribute("href");
    row.append(...document.adoptNode(link).childNodes);
    return row;
  });
  show(rows);
  said.textContent = rows.length === 1 ? "1 file" : `${rows.length} files`;
}

function move(event) {
  const rows = [...list.children];
  const at = rows.findIndex((row) => row.ariaSelected === "true");
  if (event.key === "Enter" && at >= 0) location.href = rows[at].dataset.to;
  else if (event.key === "Escape" && rows.length) show([]);
  else if (event.key === "ArrowDown" && rows.length) choose(rows[(at + 1) % rows.length]);
  else if (event.key === "ArrowUp" && rows.length) choose(rows[at < 0 ? rows.length - 1 : (at + rows.length - 1) % rows.length]);
  else return;
  event.preventDefault();
}

set({ role: "combobox", autocomplete: "off", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": "offered" });
Object.assign(list, { id: "offered", role: "listbox", hidden: true, ariaLabel: "Files" });
Object.assign(said, { role: "status", className: "hidden" });
field.parentElement.append(list, said);
field.addEventListener("input", () => { clearTimeout(due); due = setTimeout(ask, 80); });
field.addEventListener("keydown", move);
field.addEventListener("blur", () => { field.dataset.go = ""; asked += 1; show([]); });
list.addEventListener("pointerdown", (event) => {
  event.preventDefault();
  const row = event.target.closest("[data-to]");
  if (row) location.href = row.dataset.to;
});
