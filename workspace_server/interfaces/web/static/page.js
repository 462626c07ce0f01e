// Another page of the server, as a document to take parts from; null when it refuses.

export async function page(address) {
  const answer = await fetch(address, { headers: { accept: "text/html" } });
  return answer.ok ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
}
