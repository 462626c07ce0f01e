// Times count on by themselves between two looks at the server.

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
  for (const node of document.querySelectorAll("[data-since]")) {
    node.dataset.from ??= String(now - Number(node.dataset.since) * 1000);
    node.textContent = left((now - Number(node.dataset.from)) / 1000);
  }
}

tick();
setInterval(tick, 1000);
