// Live parts of the pages. Lines of a log (`data-rows`) come at once, and only the new ones; whatever else is marked
// `data-live` is taken anew from the whole page, at a pace that the server and the browser stand.
// The server renders and escapes; nothing here makes HTML from what others wrote.

const ROWS_EVERY_MS = 100;
const PAGE_AFTER_MS = 150;
const PAGE_EVERY_MS = 1000;
const POLL_MS = 2000;
const ROWS_SHARE = 2; // work that takes long is done for at most one part in so many of the time
const PAGE_SHARE = 5;
const FRAME = "/connect"; // a page that costs next to nothing
const COUNT = /^\([\d,]+\) /; // how much needs a person, before the title
const HELD = ":checked:is([type=checkbox]), :is(input, textarea)[placeholder]:not(:placeholder-shown), details[open] form";

const pip = document.getElementById("live");
let source = null;
let seq = document.body.dataset.seq;
let paused = false;

// Returns what to call when *work* is wanted: it is done soon, never twice at a time, and once more for what came since.
function paced(work, afterMs, everyMs, share) {
  let due = null;
  let running = false;
  let again = false;
  let free = 0;
  async function run() {
    due = null;
    running = true;
    const began = performance.now();
    try {
      await work();
    } catch {
      // The server is away; the stream reconnects by itself and brings the next change.
    }
    running = false;
    free = began + Math.max(everyMs, share * (performance.now() - began));
    if (again) { again = false; wanted(); }
  }
  function wanted() {
    if (running) again = true;
    else due ??= setTimeout(run, Math.max(afterMs, free - performance.now()));
  }
  return wanted;
}

const rows = paced(() => Promise.all([...document.querySelectorAll("[data-rows]")].map(takeRows)), 0, ROWS_EVERY_MS, ROWS_SHARE);
const parts = paced(takePage, PAGE_AFTER_MS, PAGE_EVERY_MS, PAGE_SHARE);

function look() {
  if (paused || document.hidden) return;
  rows();
  parts();
}

async function read(address) {
  const answer = await fetch(address, { headers: { accept: "text/html" } });
  if (!answer.ok) throw new Error(answer.status);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

// Lines of the log never change: only what is beyond the last look is put in, so that a screen reader says only that.
async function takeRows(list) {
  const { rows: address, seq: after, most } = list.dataset;
  const found = (await read(`${address}${address.includes("?") ? "&" : "?"}after=${after}&most=${most}`)).querySelector("ol");
  list.dataset.seq = found.dataset.seq;
  const lines = [...found.children];
  if (lines.length === 0) return;
  const known = new Map([...list.children].map((line) => [line.dataset.key, line]));
  const number = (line) => line?.querySelector(".seq")?.textContent;
  const isNew = (line) => number(line) !== number(known.get(line.dataset.key));
  const fresh = lines.filter((line) => isNew(line.matches(".day") ? line.nextElementSibling : line));
  for (const line of fresh) {
    known.get(line.dataset.key)?.remove();
    line.classList.toggle("fresh", !line.matches(".day"));
  }
  list.prepend(...fresh.map((line) => document.adoptNode(line)));
  for (const line of [...list.children].filter((one) => !one.matches(".day")).slice(most)) line.remove();
  for (const line of list.querySelectorAll(":scope > :not([data-key]), :scope > .day:is(:last-child, :has(+ .day))")) line.remove();
}

// What a page without live parts of its own costs, a search say, is not paid again for the frame around it.
async function takePage() {
  const own = document.querySelector("main [data-live]:not(#paused), #newer");
  const page = await read(own ? location.href : FRAME);
  if (paused) return;
  document.title = (COUNT.exec(page.title)?.[0] ?? "") + document.title.replace(COUNT, "");
  for (const old of document.querySelectorAll("[data-live][id]")) {
    const found = page.getElementById(old.id);
    // What somebody is about to do or to write stays under the hand.
    if (found === null || found.innerHTML === old.innerHTML || old.contains(document.activeElement) || old.querySelector(HELD)) continue;
    const known = new Set([...old.querySelectorAll("[data-key]")].map((row) => row.dataset.key));
    old.replaceChildren(...document.adoptNode(found).childNodes);
    for (const row of old.querySelectorAll("[data-key]")) row.classList.toggle("fresh", !known.has(row.dataset.key));
  }
  const newer = document.getElementById("newer");
  const facts = page.getElementById("newer");
  if (newer && facts && facts.dataset.version !== newer.dataset.version) newer.hidden = false;
}

// A browser opens only six connections to a server: a page that nobody sees gives its own back.
function follow() {
  if (document.hidden || source !== null) return;
  source = new EventSource(`/api/v1/events?since_seq=${encodeURIComponent(seq)}`);
  source.onopen = () => { pip.hidden = false; pip.classList.add("on"); look(); };
  source.onerror = () => pip.classList.remove("on");
  source.onmessage = (event) => { seq = event.lastEventId || seq; look(); };
}

function leave() {
  source?.close();
  source = null;
}

pip.addEventListener("click", () => {
  paused = !paused;
  pip.setAttribute("aria-pressed", String(paused));
  pip.lastElementChild.textContent = paused ? "Paused" : "Live";
  look();
});
addEventListener("pagehide", leave);
addEventListener("pageshow", follow);
document.addEventListener("visibilitychange", () => (document.hidden ? leave() : follow()));
setInterval(() => document.querySelector("[data-poll]") && !paused && !document.hidden && parts(), POLL_MS);
follow();
