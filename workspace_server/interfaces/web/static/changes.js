// From one change of a page to the next: by the buttons, or with Alt and an arrow.

const changes = [...document.querySelectorAll("[data-change], .changed :is(ins, del)")];
const steps = document.querySelector("[data-steps]");
let at = -1;

function go(step) {
  const next = changes[at + step];
  if (next === undefined) return;
  at += step;
  if (!next.hasAttribute("tabindex")) next.tabIndex = -1;
  next.scrollIntoView({ block: "center" });
  next.focus({ preventScroll: true });
}

if (steps !== null && changes.length > 0) {
  steps.hidden = false;
  steps.addEventListener("click", (event) => {
    const button = event.target.closest("[data-step]");
    if (button !== null) go(Number(button.dataset.step));
  });
  addEventListener("keydown", (event) => {
    if (!event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    event.preventDefault();
    go(event.key === "ArrowDown" ? 1 : -1);
  });
}
