// Times in the grid's own time zone; days of 23 and 25 hours are days like others.

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const FORMS = new Map<string, Intl.DateTimeFormat>();

function form(zone: string, lang: string, options: Intl.DateTimeFormatOptions) {
  const name = `${zone} ${lang} ${JSON.stringify(options)}`;
  let found = FORMS.get(name);
  if (!found) {
    found = new Intl.DateTimeFormat(lang, { timeZone: zone, hourCycle: "h23", ...options });
    FORMS.set(name, found);
  }
  return found;
}

const HM = { hour: "2-digit", minute: "2-digit" } as const;

/** 14:05 */
export const clockTime = (ms: number, zone: string) => form(zone, "en-GB", HM).format(ms);

/** 14:05:09 */
export const clockSeconds = (ms: number, zone: string) =>
  form(zone, "en-GB", { ...HM, second: "2-digit" }).format(ms);

/** Sat 21 Nov 2026, in the language */
export const longDate = (ms: number, zone: string, lang: string) =>
  form(zone, lang === "ko" ? "ko-KR" : "en-GB", {
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
  }).format(ms);

/** 21 Nov 14:05 */
export const shortMoment = (ms: number, zone: string, lang: string) =>
  `${form(zone, lang === "ko" ? "ko-KR" : "en-GB", { day: "numeric", month: "short" }).format(ms)} ${clockTime(ms, zone)}`;

/** CET, GMT+9 */
export function zoneName(ms: number, zone: string): string {
  const parts = form(zone, "en-GB", { timeZoneName: "short" }).formatToParts(ms);
  return parts.find((part) => part.type === "timeZoneName")?.value ?? zone;
}

function offsetOf(ms: number, zone: string): number {
  const parts = form(zone, "en-US", {
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  }).formatToParts(ms);
  const part = (type: string) => Number(parts.find((one) => one.type === type)?.value);
  const local = Date.UTC(
    part("year"),
    part("month") - 1,
    part("day"),
    part("hour"),
    part("minute"),
    part("second"),
  );
  return local - Math.floor(ms / 1000) * 1000;
}

/** When the local day that holds a moment begins, and when the next one does. */
export function dayOf(ms: number, zone: string): [number, number] {
  const local = ms + offsetOf(ms, zone);
  const midnight = Math.floor(local / DAY) * DAY;
  return [fromLocal(midnight, zone), fromLocal(midnight + DAY, zone)];
}

function fromLocal(local: number, zone: string): number {
  const guess = local - offsetOf(local, zone);
  // The offset at the guess, for the first guess may lie beyond a change of the clocks.
  return local - offsetOf(guess, zone);
}

/** 3 min, 2 h 5 min: how long, in words of the language */
export function howLong(ms: number, lang: string): string {
  const [s, min, h, d] = lang === "ko" ? ["초", "분", "시간", "일"] : ["s", "min", "h", "d"];
  const total = Math.max(0, Math.round(ms / 1000));
  const space = lang === "ko" ? "" : " ";
  const say = (count: number, unit: string | undefined) => `${count}${space}${unit}`;
  const two = (a: string, b: number, unit: string | undefined) => (b ? `${a} ${say(b, unit)}` : a);
  if (total < 90) return say(total, s);
  const minutes = Math.round(total / 60);
  if (minutes < 60) return say(minutes, min);
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return two(say(hours, h), minutes % 60, min);
  return two(say(Math.floor(hours / 24), d), hours % 24, h);
}
