import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { WIRE, wire } from "../wire.mjs";

test("wire.ts is what the schemas in docs/ say; else run npm run types", async () => {
  expect(readFileSync(WIRE, "utf8")).toBe(await wire());
});
