// Calls one function of the Zapier integration as its platform does: `zapier.mjs PATH.TO.FUNCTION`, and on stdin the
// bundle. Prints what it returned. Requests go through the app's own `beforeRequest` and `afterResponse`.
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";

const app = createRequire(import.meta.url)("../../clients/recipes/zapier/index.js");
const bundle = JSON.parse(await text(process.stdin));

class PlatformError extends Error {
  constructor(message, code, status) {
    super(`${message} (${code} ${status})`);
  }
}

const z = {
  errors: { Error: PlatformError },
  hash: (algorithm, value) => createHash(algorithm).update(value).digest("hex"),
  request: async (asked) => {
    const request = app.beforeRequest.reduce((made, step) => step(made, z, bundle), { headers: {}, ...asked });
    const url = new URL(request.url);
    Object.entries(request.params ?? {}).forEach(([name, value]) => url.searchParams.set(name, value));
    const structured = request.body !== undefined && typeof request.body !== "string";
    if (structured) request.headers["Content-Type"] = "application/json";
    const body = structured ? JSON.stringify(request.body) : request.body;
    const answer = await fetch(url, { method: request.method, headers: request.headers, body });
    const said = await answer.text();
    const response = { status: answer.status, request, data: said ? JSON.parse(said) : undefined };
    return app.afterResponse.reduce((made, step) => step(made, z, bundle), response);
  },
};

const called = process.argv[2].split(".").reduce((part, name) => part[name], app);
const returned = typeof called === "function" ? await called(z, bundle) : called;
process.stdout.write(JSON.stringify(returned));
