// Writes src/core/wire.ts: the messages of the wire as TypeScript, from the schemas that gridcast
// exports (docs/reference/schemas). Run it (npm run types) when those change; a test tells if it was forgotten.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compile } from "json-schema-to-typescript";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const SCHEMAS = join(HERE, "../docs/reference/schemas/gateway");
export const WIRE = join(HERE, "src/core/wire.ts");

export async function wire() {
  const every = {};
  const messages = {};
  for (const name of readdirSync(SCHEMAS).sort()) {
    const { $schema, $id, $defs, ...schema } = JSON.parse(readFileSync(join(SCHEMAS, name), "utf8"));
    Object.assign(every, $defs);
    messages[name.replace(".json", "")] = schema;
  }
  Object.assign(every, messages);
  const whole = {
    title: "Wire",
    type: "object",
    $defs: every,
    properties: Object.fromEntries(Object.keys(every).map((name) => [name, { $ref: `#/$defs/${name}` }])),
  };
  return compile(complete(whole), "Wire", {
    additionalProperties: false,
    bannerComment: "// Made by wire.mjs from docs/reference/schemas/gateway: not to be edited.",
    maxItems: -1,
  });
}

/** What has a default is there in all that the gateway sends; titles would become names. */
function complete(node) {
  if (Array.isArray(node)) return node.map((one) => complete(one));
  if (node === null || typeof node !== "object") return node;
  const { title, minItems, maxItems, default: _, ...rest } = node;
  const done = {};
  for (const [key, value] of Object.entries(rest)) {
    const isNames = key === "properties" || key === "$defs";
    done[key] = isNames
      ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, complete(one)]))
      : complete(value);
  }
  if (node.prefixItems) {
    done.items = done.prefixItems;
    delete done.prefixItems;
    done.minItems = minItems;
    done.maxItems = maxItems;
  }
  if (done.type === "object" && done.properties) done.required = Object.keys(done.properties);
  return done;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(WIRE, await wire());
}
