// An integration for Zapier's platform. `zapier-platform push` uploads it; README.md says what comes before.
"use strict";

const { version } = require("./package.json");

const api = (bundle) => `${bundle.authData.url.replace(/\/+$/, "")}/api/v1`;

// Zapier shows what is thrown here: the server's own words say what is wrong, and what to do.
const fail = (response, z) => {
  const error = response.data?.error ?? { code: "unavailable", message: `HTTP ${response.status}` };
  throw new z.errors.Error(`${error.message} ${error.hint ?? ""}`.trim(), error.code, response.status);
};

const refuse = (response, z) =>
  response.status >= 400 && !response.request.skipThrowForStatus ? fail(response, z) : response;

const proveWhoCalls = (request, _z, bundle) => {
  request.headers = { ...request.headers, "X-Agent": bundle.authData?.agent || "zapier" };
  if (bundle.authData?.token) request.headers.Authorization = `Bearer ${bundle.authData.token}`;
  return request;
};

const list = (text) => (text ?? "").split(",").map((one) => one.trim()).filter(Boolean);

const rule = (bundle) => ({
  files: list(bundle.inputData.files),
  mode: bundle.inputData.mode || "each",
  ...(bundle.inputData.count ? { count: Number(bundle.inputData.count) } : {}),
});

const subscribe = async (z, bundle) => {
  // Named by the address that Zapier made for this Zap: subscribing again is the same trigger, never a second one.
  const name = `zapier-${z.hash("sha256", bundle.targetUrl).slice(0, 16)}`;
  const body = { name, url: bundle.targetUrl, profile: "plain", include: ["content"], ...rule(bundle) };
  const response = await z.request({ method: "POST", url: `${api(bundle)}/triggers`, body });
  return { id: name, state: response.data.state };
};

const unsubscribe = async (z, bundle) => {
  const url = `${api(bundle)}/triggers/${encodeURIComponent(bundle.subscribeData.id)}`;
  const response = await z.request({ method: "DELETE", url, skipThrowForStatus: true });
  // Deleted by somebody else meanwhile: it is as it should be.
  return response.status >= 400 && response.status !== 404 ? fail(response, z) : {};
};

const perform = (_z, bundle) => [bundle.cleanedRequest];

// What the person sees while she maps fields: what her own files would have sent, the newest first.
const performList = async (z, bundle) => {
  const response = await z.request({
    method: "POST",
    url: `${api(bundle)}/triggers:test`,
    body: { queue: "samples", ...rule(bundle) },
  });
  return response.data.firings
    .slice(-3)
    .reverse()
    .map((firing) => ({
      id: `sample-${firing.seq}`,
      type: "trigger.fired",
      time: firing.at,
      trigger: response.data.trigger,
      key: firing.key,
      inputs: firing.inputs,
    }));
};

const sample = {
  id: "msg_4f2c",
  type: "trigger.fired",
  time: "2026-11-30T09:30:12.481Z",
  trigger: "zapier-0123456789abcdef",
  firing: "F12",
  key: {},
  mode: "each",
  inputs: [{ path: "reports/q3.md", version: 2, agent: "researcher", content: "# Q3\n" }],
};

const saveFile = async (z, bundle) => {
  const { path, content, message } = bundle.inputData;
  const response = await z.request({
    method: "PUT",
    url: `${api(bundle)}/files/${path.split("/").map(encodeURIComponent).join("/")}`,
    params: { overwrite: "true" },
    headers: { "Content-Type": "text/plain; charset=utf-8", ...(message ? { "X-Message": message } : {}) },
    body: content,
  });
  return { path, version: response.data.version, seq: response.data.seq };
};

module.exports = {
  version,
  platformVersion: require("./package.json").dependencies["zapier-platform-core"],
  authentication: {
    type: "custom",
    fields: [
      { key: "url", label: "Address", required: true, helpText: "Where the workspace can be reached, without a path." },
      { key: "agent", label: "Agent", required: false, helpText: "The name under which Zaps save files." },
      { key: "token", label: "Token", type: "password", required: false, helpText: "What your proxy asks for, if it does." },
    ],
    test: { method: "GET", url: "{{bundle.authData.url}}/api/v1/status" },
    connectionLabel: "{{bundle.authData.url}}",
  },
  beforeRequest: [proveWhoCalls],
  afterResponse: [refuse],
  triggers: {
    files_saved: {
      key: "files_saved",
      noun: "Files",
      display: { label: "Files Saved", description: "Triggers when files are saved, or all files of a set are." },
      operation: {
        type: "hook",
        inputFields: [
          { key: "files", required: true, helpText: "Paths and patterns, with commas between: `reports/*.md`." },
          { key: "mode", choices: ["each", "all", "any", "count"], default: "each" },
          { key: "count", type: "integer" },
        ],
        performSubscribe: subscribe,
        performUnsubscribe: unsubscribe,
        perform,
        performList,
        sample,
      },
    },
  },
  creates: {
    save_file: {
      key: "save_file",
      noun: "File",
      display: { label: "Save File", description: "Saves a file as its next version." },
      operation: {
        inputFields: [
          { key: "path", required: true },
          { key: "content", type: "text", required: true },
          { key: "message", helpText: "Why, for the file's history." },
        ],
        perform: saveFile,
        sample: { path: "reports/q3.md", version: 2, seq: 118 },
      },
    },
  },
};
