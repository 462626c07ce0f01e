// Live parts of the pages: whatever is marked `data-live` is taken anew from the server after a change.
// The server renders and escapes; nothing here makes HTML from what others wrote.

const REFRESH_AFTER_MS = 120;
const REFRESH_EVERY_MS = 1000;
const LIVE = "[data-live][id]";

const pip = document.getElementById("live");
let due = null;
let last = 0;
let running = false;
let again = false;

let source = null;
let seq = document.body.dataset.seq;

// A browser opens only six connections to a server: a page that nobody sees gives its own back.
function follow() {
  if (document.hidden || source !== null) return;
  source = new EventSource(`/api/v1/events?since_seq=${encodeURIComponent(seq)}`);
  source.onopen = () => { pip.hidden = false; pip.classList.add("on"); };
  source.onerror = () => pip.classList.remove("on");
  source.onmessage = (event) => { seq = event.lastEventId || seq; schedule(); };
}

function leave() {
  source?.close();
  source = null;
}

addEventListener("pagehide", leave);
addEventListener("pageshow", follow);
document.addEventListener("visibilitychange", () => (document.hidden ? leave() : follow()));

function schedule() {
  if (running) { again = true; return; }
  if (due !== null) return;
  const wait = Math.max(REFRESH_AFTER_MS, last + REFRESH_EVERY_MS - Date.now());
  due = setTimeout(refresh, wait);
}

async function refresh() {
  due = null;
  last = Date.now();
  running = true;
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (answer.ok) take(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    // The server is away; the stream reconnects by itself and brings the next change.
  } finally {
    running = false;
    if (again) { again = false; schedule(); }
  }
}

function take(page) {
  for (const old of document.querySelectorAll(LIVE)) {
    const found = page.getElementById(old.id);
    if (found === null || found.innerHTML === old.innerHTML || old.contains(document.activeElement)) continue;
    if (old.dataset.live === "rows") { merge(old, document.adoptNode(found)); continue; }
    const known = new Set([...old.querySelectorAll("[data-key]")].map((row) => row.dataset.key));
    old.replaceChildren(...document.adoptNode(found).childNodes);
    for (const row of old.querySelectorAll("[data-key]")) row.classList.toggle("fresh", !known.has(row.dataset.key));
  }
  const newer = document.getElementById("newer");
  const facts = page.getElementById("newer");
  if (newer && facts && facts.dataset.version !== newer.dataset.version) newer.hidden = false;
}

// Rows of the log never change: only new ones are put in, so that a screen reader says only those.
function merge(old, found) {
  const known = new Map([...old.children].map((row) => [row.dataset.key, row]));
  let place = old.firstElementChild;
  for (const row of [...found.children]) {
    if (known.get(row.dataset.key) === place && place !== null) {
      known.delete(row.dataset.key);
      place = place.nextElementSibling;
    } else {
      row.classList.add("fresh");
      old.insertBefore(row, place);
    }
  }
  for (const row of known.values()) row.remove();
}

function ago(seconds) {
  for (const [unit, length] of [["d", 86400], ["h", 3600], ["m", 60]]) {
    if (seconds >= length) return `${Math.floor(seconds / length)}${unit} ago`;
  }
  return `${Math.max(0, Math.floor(seconds))}s ago`;
}

function left(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole >= 3600) return `${Math.floor(whole / 3600)}h ${Math.floor((whole % 3600) / 60)}m`;
  return whole >= 60 ? `${Math.floor(whole / 60)}m ${String(whole % 60).padStart(2, "0")}s` : `${whole}s`;
}

function tick() {
  const now = Date.now();
  for (const time of document.querySelectorAll("time[data-ago]")) {
    const said = ago((now - Date.parse(time.dateTime)) / 1000);
    if (time.textContent !== said) time.textContent = said;
  }
  for (const node of document.querySelectorAll("[data-left]")) {
    node.dataset.until ??= String(now + Number(node.dataset.left) * 1000);
    node.textContent = left((Number(node.dataset.until) - now) / 1000);
  }
}

// What cannot be decoded as an image leaves its words, not the browser's broken icon.
for (const image of document.querySelectorAll(".prose img, .picture img")) {
  image.decode().catch(() => {
    if (image.naturalWidth > 0 || !image.isConnected) return;
    const box = document.createElement("span");
    box.className = "no-image";
    box.textContent = `${image.alt || "An image"} (this image cannot be shown)`;
    image.replaceWith(box);
  });
}

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.closest(".snippet").querySelector("code").textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
}

addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.target.closest("input, textarea, select")) return;
  event.preventDefault();
  document.querySelector(".find input").focus();
});

tick();
setInterval(tick, 1000);
follow();
