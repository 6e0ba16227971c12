import { expect, test } from "vitest";
import { en, type Text } from "../src/texts/en";
import { ko } from "../src/texts/ko";

const gaps = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1]).sort();

test.each(Object.keys(en) as Text[])("%s has the same gaps in both languages", (name) => {
  expect(gaps(ko[name])).toEqual(gaps(en[name]));
  expect(ko[name]).not.toBe("");
});
