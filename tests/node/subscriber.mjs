// Subscribes to events as a program would that uses the AI SDK: `subscriber.mjs MCP_URL KEY_FILE CERTIFICATE_FILE`.
// It prints one JSON object a line on what happens, and ends once its subscription was terminated.
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { createMCPClient, experimental_createMCPEventWebhook as createWebhook } from "@ai-sdk/mcp";

const [url, keyFile, certificateFile] = process.argv.slice(2);
const tell = (what, facts) => process.stdout.write(JSON.stringify({ what, ...facts }) + "\n");

// The store that the SDK asks its user for: where subscriptions and their secrets are kept.
const kept = new Map();
const store = {
  get: async (key) => kept.get(key),
  getById: async (id) => [...kept.values()].find((one) => one.id === id),
  set: async (subscription) => void kept.set(subscription.key, subscription),
  update: async (key, patch) => void kept.set(key, { ...kept.get(key), ...patch }),
  delete: async (key) => void kept.delete(key),
};

const ended = new Promise((resolve) => {
  const webhook = createWebhook({
    store,
    onEvent: async ({ subscription, event }) => tell("event", { subscription: subscription.id, event }),
    onGap: async ({ gap }) => tell("gap", { gap }),
    onTerminated: async ({ termination }) => {
      tell("terminated", { error: termination.error });
      resolve();
    },
    onError: (error) => tell("fault", { message: String(error) }),
  });
  const server = createServer({ key: readFileSync(keyFile), cert: readFileSync(certificateFile) }, async (request, response) => {
    const body = Buffer.concat(await Array.fromAsync(request));
    if (JSON.parse(body).type === "verification") tell("challenged", {});
    const asked = new Request(new URL(request.url, `https://${request.headers.host}`), {
      method: request.method,
      headers: request.headers,
      body,
    });
    const answer = await webhook(asked);
    response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(Buffer.from(await answer.arrayBuffer()));
  });
  server.listen(0, "127.0.0.1", () => subscribe(`https://127.0.0.1:${server.address().port}/events`));
});

async function subscribe(callback) {
  const client = await createMCPClient({
    transport: { type: "http", url, headers: { "x-agent": "node-client" } },
    experimental_events: { store },
  });
  const { events } = client.experimental_events ? await client.experimental_events.list() : { events: [] };
  tell("listed", { names: events.map((event) => event.name) });
  const delivery = { mode: "webhook", url: callback };
  const first = await client.experimental_events.subscribe({ name: "file.created", arguments: { files: "research/**" }, delivery, ttlMs: 600_000 });
  tell("subscribed", first);
  const refreshed = await client.experimental_events.refresh({ id: first.id });
  tell("refreshed", refreshed);
  const other = await client.experimental_events.subscribe({ name: "file.deleted", delivery });
  await client.experimental_events.unsubscribe({ id: other.id });
  tell("ready", { subscriptions: kept.size });
  await ended;
  await client.close();
  process.exit(0);
}
