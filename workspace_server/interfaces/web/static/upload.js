// Uploading by drop, with progress: one form per file, answered by the page that says what became of it.

const zone = document.getElementById("drop-here");
const list = document.getElementById("uploads") ?? document.createElement("ul");
const queue = [];
let running = false;

if (!list.isConnected) {
  list.id = "uploads";
  list.className = "feed uploads";
  list.setAttribute("aria-live", "polite");
  (zone.closest("header") ?? zone).after(list);
}
for (const said of document.querySelectorAll("#drop-here [data-scripted]")) said.hidden = false;

function row(path) {
  const item = document.createElement("li");
  const what = document.createElement("div");
  const name = document.createElement("bdi");
  const bar = document.createElement("progress");
  what.className = "what";
  name.textContent = path;
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", path);
  what.append(name, document.createElement("br"), bar);
  item.append(what);
  list.append(item);
  return { item, bar };
}

function add(file, path) {
  queue.push({ file, path, ...row(path) });
  if (!running) run();
}

async function run() {
  running = true;
  for (let next = queue.shift(); next; next = queue.shift()) await send(next);
  running = false;
}

function send({ file, path, item, bar }) {
  const body = new FormData();
  body.append("token", zone.dataset.token);
  body.append("message", zone.querySelector?.('[name="message"]')?.value ?? "");
  body.append("file", file, path);
  const request = new XMLHttpRequest();
  request.upload.onprogress = (event) => { bar.value = event.loaded / event.total; };
  return new Promise((done) => {
    request.onloadend = () => {
      const page = new DOMParser().parseFromString(request.responseText, "text/html");
      const rows = page.querySelectorAll("#uploads > li");
      const refusal = page.querySelector("#refused");
      if (rows.length) item.replaceWith(...[...rows].map((one) => document.adoptNode(one)));
      else bar.replaceWith(refusal ? document.adoptNode(refusal) : "The server is away. Try again in a moment.");
      done();
    };
    request.open("POST", zone.dataset.upload);
    request.send(body);
  });
}

async function walk(entry, above) {
  const path = above + entry.name;
  if (entry.isFile) { add(await new Promise((take, fail) => entry.file(take, fail)), path); return; }
  const reader = entry.createReader();
  for (;;) {
    const found = await new Promise((take, fail) => reader.readEntries(take, fail));
    if (!found.length) return;
    for (const one of found) await walk(one, `${path}/`);
  }
}

const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
addEventListener("dragover", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  zone.classList.add("dropping");
});
addEventListener("dragleave", (event) => { if (event.relatedTarget === null) zone.classList.remove("dropping"); });
addEventListener("drop", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  zone.classList.remove("dropping");
  const found = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry() ?? item.getAsFile());
  for (const one of found) if (one instanceof File) add(one, one.name); else if (one) walk(one, "");
});

zone.addEventListener("submit", (event) => {
  event.preventDefault();
  for (const input of zone.querySelectorAll('[type="file"]')) {
    for (const file of input.files) add(file, file.webkitRelativePath || file.name);
    input.value = "";
  }
});
