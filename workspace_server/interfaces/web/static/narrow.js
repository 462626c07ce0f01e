// A table is narrowed down as one types; the address follows, so that it can be kept and sent.

import { page } from "./page.js";

const form = document.querySelector("[data-narrow]");
let due = null;
let asked = 0;

async function narrow() {
  const number = ++asked;
  const fields = [...new FormData(form)].filter(([, value]) => value !== "");
  const address = `${form.action}?${new URLSearchParams(fields)}`.replace(/\?$/, "");
  const found = (await page(address))?.getElementById(form.dataset.narrow);
  if (!found || number !== asked) return;
  document.getElementById(found.id).replaceChildren(...document.adoptNode(found).childNodes);
  history.replaceState(null, "", address);
}

if (form) form.addEventListener("input", () => { clearTimeout(due); due = setTimeout(narrow, 150); });
