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

addEventListener("pagehide", leave);
addEventListener("pageshow", follow);
document.addEventListener("visibilitychange", () => (document.hidden ? leave() : follow()));
follow();
