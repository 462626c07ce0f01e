// Ranges of lines: a click chooses a line, a click with shift up to another one; the address names them, as #L10-L20.

const source = document.querySelector(".source");
const RANGE = /^#L(\d{1,9})(?:-L(\d{1,9}))?$/;

function show() {
  const found = RANGE.exec(location.hash);
  for (const row of source.querySelectorAll(".chosen")) row.classList.remove("chosen");
  if (found === null) return;
  const [first, last] = [Number(found[1]), Number(found[2] ?? found[1])].sort((a, b) => a - b);
  const begin = document.getElementById(`L${first}`);
  if (begin === null) { seek(first); return; }
  for (let row = begin; row !== null && Number(row.id.slice(1)) <= last; row = row.nextElementSibling) {
    if (row.id) row.classList.add("chosen");
  }
  if (found[2]) begin.scrollIntoView({ block: "center" });
}

// The line is on another page of this text: once, so that a line which is nowhere does not turn in circles.
function seek(line) {
  const address = new URL(location.href);
  if (address.searchParams.has("line") && address.searchParams.get("line") === String(line)) return;
  if (!source.hasAttribute("data-more") && line > Number(source.querySelector(".row")?.id.slice(1) ?? 1)) return;
  address.searchParams.delete("at");
  address.searchParams.delete("column");
  address.searchParams.set("line", String(line));
  location.replace(address);
}

if (source?.querySelector(".no")) {
  source.addEventListener("click", (event) => {
    const number = event.target.closest(".no");
    const found = RANGE.exec(location.hash);
    if (number === null || !event.shiftKey || found === null) return;
    event.preventDefault();
    const ends = [Number(found[1]), Number(number.dataset.no)].sort((a, b) => a - b);
    history.replaceState(null, "", `#L${ends[0]}-L${ends[1]}`);
    show();
  });
  addEventListener("hashchange", show);
  show();
}
