// Uploading by drop, with progress: one form per file, answered by the page that says what became of it.

const zone = document.getElementById("drop-here");
const list = document.getElementById("uploads");
const queue = [];
let running = false;

for (const said of zone.querySelectorAll("[data-scripted]")) said.hidden = false;

function add(file, path) {
  const item = document.createElement("li");
  const bar = document.createElement("progress");
  bar.value = 0;
  bar.setAttribute("aria-label", path);
  item.append(path, bar);
  list.append(item);
  queue.push({ file, path, item, bar });
  if (!running) run();
}

async function run() {
  running = true;
  while (queue.length) await send(queue.shift());
  running = false;
}

function send({ file, path, item, bar }) {
  const body = new FormData();
  body.append("token", zone.dataset.token);
  body.append("message", zone.elements?.message.value ?? "");
  body.append("file", file, path);
  const request = new XMLHttpRequest();
  request.upload.onprogress = (event) => { bar.value = event.loaded / event.total; };
  return new Promise((done) => {
    request.onloadend = () => {
      const page = new DOMParser().parseFromString(request.responseText, "text/html");
      const rows = page.querySelectorAll("#uploads > li");
      if (rows.length) item.replaceWith(...rows);
      else bar.replaceWith(page.querySelector("#refused") ?? " The server is away. Try again in a moment.");
      done();
    };
    request.open("POST", zone.dataset.upload);
    request.send(body);
  });
}

async function walk(entry, above) {
  const path = above + entry.name;
  if (entry.isFile) { entry.file((file) => add(file, path)); return; }
  const reader = entry.createReader();
  const read = () => new Promise((take) => reader.readEntries(take, () => take([])));
  for (let found = await read(); found.length; found = await read()) {
    for (const one of found) await walk(one, `${path}/`);
  }
}

function over(event) {
  if (!event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault();
  zone.classList.toggle("dropping", event.type === "dragover");
  if (event.type !== "drop") return;
  for (const item of event.dataTransfer.items) {
    const entry = item.webkitGetAsEntry();
    const file = item.getAsFile();
    if (entry) walk(entry, ""); else if (file) add(file, file.name);
  }
}
for (const type of ["dragover", "dragleave", "drop"]) addEventListener(type, over);

zone.addEventListener("submit", (event) => {
  event.preventDefault();
  for (const input of zone.querySelectorAll('[type="file"]')) {
    for (const file of input.files) add(file, file.webkitRelativePath || file.name);
    input.value = "";
  }
});
