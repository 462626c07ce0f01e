// The tree of folders opens in place, and arrow keys walk in it; without a script its links do.

import { page } from "./page.js";

const tree = document.querySelector("nav.folders");

async function turn(button, open) {
  const row = button.closest("li");
  if (open && !row.querySelector("ul")) {
    const found = await page(button.dataset.folders);
    if (!found || row.querySelector("ul")) return;
    row.append(document.adoptNode(found.querySelector(".folders > ul")));
    arm(row);
  }
  row.querySelector("ul").hidden = !open;
  button.ariaExpanded = String(open);
}

function arm(root) {
  for (const button of root.querySelectorAll("[data-folders]")) button.hidden = false;
}

function walk(event) {
  const link = event.target.closest("a, button");
  const row = link?.closest("li");
  const twist = row?.querySelector(":scope > button");
  const links = [...tree.querySelectorAll("a")].filter((one) => one.checkVisibility());
  const at = links.indexOf(row ? row.querySelector(":scope > a") : link);
  const open = twist?.ariaExpanded === "true";
  if (event.key === "ArrowDown") links[at + 1]?.focus();
  else if (event.key === "ArrowUp") links[at - 1]?.focus();
  else if (event.key === "ArrowRight" && twist) open ? links[at + 1]?.focus() : turn(twist, true);
  else if (event.key === "ArrowLeft" && open) turn(twist, false);
  else if (event.key === "ArrowLeft") row?.parentElement.closest("li")?.querySelector(":scope > a").focus();
  else return;
  event.preventDefault();
}

if (tree) {
  arm(tree);
  tree.addEventListener("keydown", walk);
  tree.addEventListener("click", (event) => {
    const button = event.target.closest("[data-folders]");
    if (button) turn(button, button.ariaExpanded !== "true");
  });
  const here = tree.querySelector("[aria-current]");
  if (here) tree.scrollTop = here.offsetTop - tree.clientHeight / 2;
}
