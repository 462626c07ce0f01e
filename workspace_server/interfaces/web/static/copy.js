// Buttons that copy what stands beside them; without a script, or where it is not allowed, there are none.

if (navigator.clipboard) document.documentElement.classList.add("copies");

addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.closest(".snippet").querySelector("code").textContent);
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
});
