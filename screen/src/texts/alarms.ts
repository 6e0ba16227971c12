// The words of an alarm. Workers write them in English; in Korean they are made of its figures.

import type { Alarm } from "../core/wire";
import { lang } from "../edge/choices";
import { en, type Text } from "./en";
import { digits, kindName, load, percent, t, type Words } from "./text";

/** What to tell the operator, in one line; in English where nothing else can be made of it. */
export function alarmText(alarm: Alarm, name: string): Words {
  const korean = lang.value === "ko" ? inKorean(alarm, name) : null;
  if (korean !== null) return { text: korean, lang: "ko" };
  if (alarm.text) return { text: alarm.text, lang: "en" };
  return { text: causeOf(alarm) || kindName(alarm.kind), lang: lang.value };
}

/** A cause is known by its English words; of a broken feed and a flood it is the commonest kind. */
export function causeOf(alarm: Alarm): string {
  const { cause } = alarm;
  for (const prefix of ["reason", "kind"] as const) {
    const found = has(prefix, cause);
    if (found) return t(found);
  }
  const known = (Object.keys(en) as Text[]).find((text) => text.startsWith("cause_") && en[text] === cause);
  return known ? t(known) : cause;
}

/** Every further figure that speaks for it: what it is, and how much. */
export function evidenceOf(alarm: Alarm): [string, string][] {
  return Object.entries(alarm.evidence).map(([name, value]) => [
    evidenceName(name),
    name.endsWith("_share") ? percent(value, 1) : digits(value, placesOf(value)),
  ]);
}

export const changeOf = (alarm: Alarm) => t(has("change", alarm.change) ?? "state");

function has(prefix: string, word: string): Text | null {
  const name = `${prefix}_${word.replaceAll("-", "_")}`;
  return name in en ? (name as Text) : null;
}

function evidenceName(name: string): string {
  const counted = name.replace(/_count$/, "");
  const known = has("evidence", name) ?? has("reason", counted) ?? has("kind", counted);
  return known ? t(known) : name.replaceAll("_", " ");
}

function placesOf(value: number): number {
  if (Number.isInteger(value)) return 0;
  return Math.abs(value) < 1 ? 4 : 2;
}

/** Null where a figure is missing that the line would be about. */
function inKorean(alarm: Alarm, name: string): string | null {
  const { evidence } = alarm;
  const figure = (of: string) => evidence[of] ?? Number.NaN;
  const share = (of: string) => percent(figure(of), 1);
  const count = (of: string) => digits(figure(of), 0);
  const ofAll = (of: string, what: string) => `계열 ${count("series_count")}개 중 ${share(of)} ${what}`;
  const isGroup = "series_count" in evidence;
  const isStation = "weather_series_count" in evidence;
  const hours = () => `${digits(figure("weather_hours"), 1)}시간`;
  // Which station it is stands in the words of the worker alone.
  const [, station = ""] = alarm.text.match(/weather station (.+?) (?:measures|has) /) ?? [];
  const stationName = `기상 관측소 ${station}`.trimEnd();
  const weather = () =>
    `실측 ${digits(figure("weather_measured_c"), 1)} °C, 예보 ${digits(figure("weather_expected_c"), 1)} °C`;
  const told = (): string => {
    switch (alarm.kind) {
      case "gap":
        if (isStation) return `${hours()} 동안 무수신`;
        if (isGroup) return ofAll("silent_share", "무수신");
        return `측정값 ${count("missing_count")}개 누락`;
      case "spike":
        return isGroup ? ofAll("high_share", "예상보다 크게 높음") : compared(alarm);
      case "drop":
        return isGroup ? ofAll("low_share", "예상보다 크게 낮음") : compared(alarm);
      case "flatline":
        if (isStation) return `값이 ${hours()} 동안 변하지 않음`;
        return alarm.measured === null ? "값이 변하지 않음" : `값이 ${load(alarm.measured)}에서 변하지 않음`;
      case "clock":
        return "시각 표시가 어긋남";
      case "drift":
        return isGroup ? "예측 오차가 전체적으로 이동함" : "예측 오차가 이동함";
      case "data-drift":
        if (isStation) return `예보에서 이동함: ${weather()}`;
        return isGroup ? "부하가 전체적으로 이동함" : "부하가 이동함";
      case "disagreement":
        return `하위 계열 ${count("series_count")}개의 합과 맞지 않음`;
      case "unusual":
        return isGroup ? `계열 ${count("series_count")}개가 함께 평소와 다름` : compared(alarm);
      case "feed-stale":
        return ofAll("silent_share", "무수신");
      case "feed-broken":
        return `최근 측정값의 ${share("refused_share")} 거부${counts(alarm)}`;
      case "coverage-lost":
        return `90\u00a0% 구간이 실측의 ${share("coverage_90_share")}만 포함`;
      case "model-degraded":
        return `예측 오차가 계절 단순 예측보다 ${percent(-figure("skill_share"), 1)} 큼`;
      case "flood":
        return `경보 ${count("alarms_count")}건 폭주${counts(alarm)}`;
      default:
        return compared(alarm);
    }
  };
  const off = "weather_measured_c" in evidence && !isStation ? `; ${stationName} ${weather()}` : "";
  const said = told();
  const text = said && said + off;
  return text.includes("NaN") || text === "" ? null : `${isStation ? stationName : name}: ${text}`;
}

function compared(alarm: Alarm): string {
  const { measured, expected, expected_low: low, expected_high: high } = alarm;
  if (measured === null) return "";
  if (expected === null) return `실측 ${load(measured)}`;
  const band = low === null || high === null ? "" : ` (${load(low)} – ${load(high)})`;
  return `실측 ${load(measured)}, 예상 ${load(expected)}${band}`;
}

/** Of what a flood or a broken feed is made, the commonest first. */
function counts(alarm: Alarm): string {
  const found = Object.entries(alarm.evidence)
    .filter(([name]) => name.endsWith("_count") && !has("evidence", name))
    .sort(([, one], [, other]) => other - one)
    .map(([name, count]) => `${evidenceName(name)} ${digits(count, 0)}건`);
  return found.length ? `: ${found.join(", ")}` : "";
}
