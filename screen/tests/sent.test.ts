import { beforeEach, expect, test, vi } from "vitest";

// What the browser has and Node has not.
vi.hoisted(() => {
  vi.stubGlobal("localStorage", { getItem: () => null, setItem: () => undefined });
  vi.stubGlobal("navigator", { language: "ko-KR" });
  vi.stubGlobal("document", { documentElement: { dataset: {} } });
});
const { lang } = await import("../src/edge/choices");
const { KOREAN, sent } = await import("../src/texts/sent");

beforeEach(() => {
  lang.value = "ko";
});

test.each<[string, string]>([
  ["nothing measured", "측정된 값 없음"],
  ["the weather forecast is 31 h old", "기상 예보가 31시간 지남"],
  [
    "Redis does not answer: limits are counted by each gateway alone",
    "Redis가 응답하지 않음: 한도는 게이트웨이마다 따로 계산됨",
  ],
  [
    "refused: north r7: contract: its step is 60 min, 15 min are asked for",
    "거부됨: north r7: 계약 불일치: 모델 간격은 60분, 필요한 간격은 15분",
  ],
  ["refused: north r7: probe: KeyError", "거부됨: north r7: 시험 실패: KeyError"],
  [
    "north desk may not: it needs the scope `acknowledge`",
    "north desk: 권한 없음: `acknowledge` 권한이 필요함",
  ],
])("%s is said in Korean", (english, korean) => {
  expect(sent(english)).toEqual({ text: korean, lang: "ko" });
});

test("what is not known is shown as it was sent, and marked as English", () => {
  expect(sent("the moon is full")).toEqual({ text: "the moon is full", lang: "en" });
});

test("in English all is shown as it was sent", () => {
  lang.value = "en";
  expect(sent("nothing measured")).toEqual({ text: "nothing measured", lang: "en" });
});

const gaps = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1]).sort();

test.each(KOREAN)("%s has the same gaps in both languages", (english, korean) => {
  expect(gaps(korean)).toEqual(gaps(english));
  expect(korean).not.toBe("");
});

test("nothing is said twice", () => {
  expect(new Set(KOREAN.map(([english]) => english)).size).toBe(KOREAN.length);
});
