// Runs a workflow of n8n as far as its nodes are of a few kinds: `n8n.mjs WORKFLOW`, and on stdin
// {"env": {…}, "items": [{"json": …, "body": "…"}]}, what its first node gets. Prints what each node gave.
//
// What n8n does with a node's parameters is done here in the same way: expressions in {{ }}, the Code node's `$input`,
// `$env`, `require` and `this.helpers`, the HTTP Request node's method, address, query, headers and body.
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";

const require = createRequire(import.meta.url);
const AsyncFunction = (async () => {}).constructor;
const workflow = JSON.parse(await readFile(process.argv[2], "utf8"));
const { env, items } = JSON.parse(await text(process.stdin));
const gave = {};

const evaluate = (expression, json) =>
  new Function("$json", "$env", "$", `return (${expression})`)(json, env, (name) => ({ item: gave[name][0] }));

const resolve = (value, json) => {
  if (typeof value !== "string" || !value.startsWith("=")) return value;
  const parts = value.slice(1).split(/\{\{(.*?)\}\}(?!\s*\})/s);
  if (parts.length === 3 && parts[0] === "" && parts[2] === "") return evaluate(parts[1], json);
  return parts.map((part, index) => (index % 2 ? evaluate(part, json) : part)).join("");
};

const named = (group, json) => (group?.parameters ?? []).map(({ name, value }) => [name, String(resolve(value, json))]);

const kinds = {
  webhook: (_, given) => given,
  scheduleTrigger: (_, given) => given,
  noOp: (_, given) => given,
  if: ({ conditions }, given) =>
    given.filter(({ json }) =>
      conditions.conditions.every(({ leftValue, operator }) => {
        if (operator.operation !== "exists") throw new Error(`no condition ${operator.operation}`);
        return resolve(leftValue, json) !== undefined;
      }),
    ),
  code: ({ jsCode }, given) => {
    const helpers = { getBinaryDataBuffer: async (index) => Buffer.from(given[index].body, "utf8") };
    const run = new AsyncFunction("$input", "$env", "require", jsCode);
    return run.call({ helpers }, { all: () => given }, env, require);
  },
  httpRequest: async (parameters, given) => {
    const results = [];
    for (const { json } of given) {
      const address = new URL(resolve(parameters.url, json));
      if (parameters.sendQuery) named(parameters.queryParameters, json).forEach(([name, value]) => address.searchParams.append(name, value));
      const headers = new Headers(parameters.sendHeaders ? named(parameters.headerParameters, json) : []);
      let body;
      if (parameters.sendBody) {
        if (parameters.specifyBody !== "json") throw new Error(`no body as ${parameters.specifyBody}`);
        const made = resolve(parameters.jsonBody, json);
        body = typeof made === "string" ? made : JSON.stringify(made);
        headers.set("content-type", "application/json");
      }
      const response = await fetch(address, { method: parameters.method, headers, body });
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
      const format = parameters.options.response?.response;
      results.push({ json: format?.responseFormat === "text" ? { [format.outputPropertyName]: await response.text() } : await response.json() });
    }
    return results;
  },
};

let waiting = [[workflow.nodes[0].name, items]];
while (waiting.length > 0) {
  const [name, given] = waiting.shift();
  const node = workflow.nodes.find((one) => one.name === name);
  gave[name] = await kinds[node.type.replace("n8n-nodes-base.", "")](node.parameters, given);
  if (gave[name].length > 0) {
    for (const next of workflow.connections[name]?.main[0] ?? []) waiting.push([next.node, gave[name]]);
  }
}
process.stdout.write(JSON.stringify(gave));
