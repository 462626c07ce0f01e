// Verifies one webhook with the official library: `verify.mjs SECRET`, and on stdin {"headers": {…}, "body": "…"}.
import { text } from "node:stream/consumers";
import { Webhook } from "standardwebhooks";

const { headers, body } = JSON.parse(await text(process.stdin));
const read = new Webhook(process.argv[2]).verify(body, headers);
process.stdout.write(JSON.stringify(read));
