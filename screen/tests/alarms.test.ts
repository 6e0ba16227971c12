import { beforeEach, expect, test, vi } from "vitest";
import type { Alarm } from "../src/core/wire";
import { alarm } from "./made";

// What the browser has and Node has not.
vi.hoisted(() => {
  vi.stubGlobal("localStorage", { getItem: () => null, setItem: () => undefined });
  vi.stubGlobal("navigator", { language: "ko-KR" });
  vi.stubGlobal("document", { documentElement: { dataset: {} } });
});
const { lang } = await import("../src/edge/choices");
const { alarmText, causeOf, changeOf, evidenceOf } = await import("../src/texts/alarms");

beforeEach(() => {
  lang.value = "ko";
});

/** Between a figure and its unit no line is broken. */
const unbroken = (text: string) => text.replace(/(?<=\d) (?=[kM]W|%)/g, "\u00a0");

const compared = { measured: 6820, expected: 5100, expected_low: 4890, expected_high: 5310 };
const group = {
  series_count: 40,
  high_share: 0.9,
  low_share: 0.85,
  silent_share: 1,
  mean_score: 3.1,
  unusual_score: 4.2,
};

const weather = { weather_measured_c: 4.1, weather_expected_c: 9.84, weather_hours: 2.5 };
const station = { ...weather, weather_series_count: 40 };

test.each<[Alarm["kind"], Partial<Alarm>, string]>([
  ["spike", compared, "실측 6.82 MW, 예상 5.10 MW (4.89 MW – 5.31 MW)"],
  ["spike", { evidence: group }, "계열 40개 중 90.0 % 예상보다 크게 높음"],
  ["drop", { evidence: group }, "계열 40개 중 85.0 % 예상보다 크게 낮음"],
  ["gap", { evidence: { missing_count: 12 } }, "측정값 12개 누락"],
  ["gap", { evidence: group }, "계열 40개 중 100.0 % 무수신"],
  ["flatline", { measured: 12 }, "값이 12.0 kW에서 변하지 않음"],
  [
    "spike",
    { ...compared, evidence: weather },
    "실측 6.82 MW, 예상 5.10 MW (4.89 MW – 5.31 MW); 기상 관측소 실측 4.1 °C, 예보 9.8 °C",
  ],
  ["out-of-limits", compared, "실측 6.82 MW, 예상 5.10 MW (4.89 MW – 5.31 MW)"],
  ["unit", { measured: 5 }, "실측 5.00 kW"],
  ["clock", {}, "시각 표시가 어긋남"],
  ["disagreement", { evidence: group }, "하위 계열 40개의 합과 맞지 않음"],
  ["unusual", { evidence: group }, "계열 40개가 함께 평소와 다름"],
  ["feed-stale", { evidence: { series_count: 9, silent_share: 0.99 } }, "계열 9개 중 99.0 % 무수신"],
  [
    "feed-broken",
    { evidence: { refused_share: 0.5, "bad-time_count": 1, "not-json_count": 7 } },
    "최근 측정값의 50.0 % 거부: JSON 아님 7건, 잘못된 시각 1건",
  ],
  ["drift", {}, "예측 오차가 이동함"],
  ["coverage-lost", { evidence: { coverage_90_share: 0.71 } }, "90 % 구간이 실측의 71.0 %만 포함"],
  ["model-degraded", { evidence: { skill_share: -0.2 } }, "예측 오차가 계절 단순 예측보다 20.0 % 큼"],
  [
    "flood",
    { evidence: { alarms_count: 40, gap_count: 37, "feed-stale_count": 3 } },
    "경보 40건 폭주: 무수신 37건, 피드 지연 3건",
  ],
])("of a %s %o the line in Korean is made of its figures", (kind, over, said) => {
  const told = alarmText(alarm("a", { kind, text: "in English", ...over }), "북항");
  expect(told).toEqual({ text: `북항: ${unbroken(said)}`, lang: "ko" });
});

test.each<[Alarm["kind"], string, string]>([
  ["gap", "has said nothing for 2.5 h", "2.5시간 동안 무수신"],
  ["flatline", "has said 4.1 °C for 2.5 h", "값이 2.5시간 동안 변하지 않음"],
  [
    "data-drift",
    "has moved against its forecasts: it measures 4.1 °C where 9.8 were forecast",
    "예보에서 이동함: 실측 4.1 °C, 예보 9.8 °C",
  ],
])("a %s of a weather station names the station in Korean, too", (kind, text, said) => {
  const seen = { kind, text: `weather station Busan 159 ${text}`, evidence: station };
  const told = alarmText(alarm("a", seen), "weather.observations/Busan 159");
  expect(told).toEqual({ text: `기상 관측소 Busan 159: ${said}`, lang: "ko" });
});

test("a load that is off for the weather names the station that measured it, in Korean, too", () => {
  const text = "z: 9 kW where 4 were expected; weather station st-1 measures 4.1 °C where 9.8 were";
  const told = alarmText(alarm("a", { kind: "spike", ...compared, text, evidence: weather }), "북항");
  expect(told.text).toMatch(/^북항: 실측 .*; 기상 관측소 st-1 실측 4.1 °C, 예보 9.8 °C$/);
});

test("where a figure is missing, the worker's own words are shown as what they are: English", () => {
  const told = alarmText(alarm("a", { kind: "gap", text: "3 readings are missing" }), "북항");
  expect(told).toEqual({ text: "3 readings are missing", lang: "en" });
  expect(alarmText(alarm("a", { kind: "gap" }), "북항")).toEqual({ text: "무수신", lang: "ko" });
});

test("in English the line is the worker's", () => {
  lang.value = "en";
  const told = alarmText(alarm("a", { text: "z: 9 kW where 4 were expected", ...compared }), "Z");
  expect(told).toEqual({ text: "z: 9 kW where 4 were expected", lang: "en" });
});

test("causes, changes and evidence have names, and what is not known stays as it came", () => {
  expect(causeOf(alarm("a", { cause: "meter fault" }))).toBe("계량기 고장");
  expect(causeOf(alarm("a", { cause: "not-json" }))).toBe("JSON 아님");
  expect(causeOf(alarm("a", { cause: "feed-stale" }))).toBe("피드 지연");
  expect(causeOf(alarm("a", { cause: "a bird" }))).toBe("a bird");
  expect(changeOf(alarm("a", { change: "re-alarmed" }))).toBe("재발생");
  expect(evidenceOf(alarm("a", { evidence: { neighbours_low_share: 0.25, score: 4.5, birds: 2 } }))).toEqual([
    ["크게 낮은 주변 계열", unbroken("25.0 %")],
    ["이상 점수", "4.50"],
    ["birds", "2"],
  ]);
});
