// The lines of a chart: one row of times, and beside it a value or nothing for each line.

import { type Band, median, outer, quantile } from "./figures";
import { MINUTE } from "./time";
import type { Forecast, RecentPast, SaidBefore, Temperatures } from "./wire";

export type Row = (number | null)[];

export interface Curves {
  /** When each slot begins, ms. */
  time: number[];
  stepMs: number;
  actual: Row;
  mid: Row;
  low90: Row;
  high90: Row;
  low50: Row;
  high50: Row;
  /** What was said so many minutes before. */
  said: Map<number, Row>;
}

interface Points {
  time: number[];
  value: Row;
}

/** The curves of one series. */
export function curvesOf(
  past: RecentPast | null,
  said: SaidBefore | null,
  forecast: Forecast | undefined,
): Curves {
  const stepMs = (forecast?.step_minutes ?? past?.step_minutes ?? 15) * MINUTE;
  const ahead = forecast ? slotsOf(forecast, stepMs) : [];
  const before: Points = { time: (past?.time ?? []).map(Date.parse), value: past?.mean ?? [] };
  const told = (said?.time ?? []).map(Date.parse);
  const time = axis([...before.time, ...told, ...ahead], stepMs);
  const lines: [number[], number[]][] = [];
  if (forecast) {
    const [low, high] = outer(forecast);
    const inner: [number[] | null, number[] | null] = [quantile(forecast, 0.25), quantile(forecast, 0.75)];
    for (const line of [median(forecast), low, high, ...inner]) lines.push([ahead, line ?? []]);
  }
  const rows = lines.map(([at, value]) => rowOf({ time: at, value }, time, stepMs));
  const none = () => time.map(() => null);
  const [mid, low90, high90, low50, high50] = rows;
  return {
    time,
    stepMs,
    actual: rowOf(before, time, stepMs),
    mid: mid ?? none(),
    low90: low90 ?? none(),
    high90: high90 ?? none(),
    low50: low50 ?? none(),
    high50: high50 ?? none(),
    said: new Map(
      (said?.ahead_minutes ?? []).map((minutes, at) => [
        minutes,
        rowOf({ time: told, value: said?.median[at] ?? [] }, time, stepMs),
      ]),
    ),
  };
}

/** The curves of several series as one; a slot that one of them lacks is a gap. */
export function curvesOfSum(pasts: RecentPast[], sums: { time: number; band: Band }[] | null): Curves {
  const stepMs = (pasts[0]?.step_minutes ?? 15) * MINUTE;
  const found = new Map<number, [number, number]>();
  for (const past of pasts) {
    past.time.forEach((text, at) => {
      const time = Date.parse(text);
      const [kw, count] = found.get(time) ?? [0, 0];
      found.set(time, [kw + (past.mean[at] as number), count + 1]);
    });
  }
  const whole = [...found].filter(([, [, count]]) => count === pasts.length);
  const ahead = (sums ?? []).map((one) => one.time);
  const time = axis([...whole.map(([at]) => at), ...ahead], stepMs);
  const line = (of: (band: Band) => number): Points => ({
    time: ahead,
    value: (sums ?? []).map((one) => of(one.band)),
  });
  const none = () => time.map(() => null);
  const actual = { time: whole.map(([at]) => at), value: whole.map(([, [kw]]) => kw) };
  return {
    time,
    stepMs,
    actual: rowOf(actual, time, stepMs),
    mid: rowOf(
      line((band) => band.mid),
      time,
      stepMs,
    ),
    low90: rowOf(
      line((band) => band.low),
      time,
      stepMs,
    ),
    high90: rowOf(
      line((band) => band.high),
      time,
      stepMs,
    ),
    low50: none(),
    high50: none(),
    said: new Map(),
  };
}

/** Forecast less reality would be the model's view; an operator asks how far the grid is off. */
export function errors(curves: Curves, minutes: number): Row {
  const said = curves.said.get(minutes);
  return curves.actual.map((actual, at) => {
    const told = said?.[at] ?? null;
    return actual === null || told === null ? null : actual - told;
  });
}

/** The temperatures on the axis of the load. */
export function temperatures(
  curves: Curves,
  told: Temperatures | null,
): Record<"measured" | "forecast", Row> {
  const time = (told?.time ?? []).map(Date.parse);
  const row = (value: Row) => rowOf({ time, value }, curves.time, curves.stepMs);
  return { measured: row(told?.measured ?? []), forecast: row(told?.forecast ?? []) };
}

function slotsOf(forecast: Forecast, stepMs: number): number[] {
  const first = Date.parse(forecast.first);
  return median(forecast).map((_, at) => first + at * stepMs);
}

/** Every slot from the first to the last, so that what is missing is a gap and no straight line. */
function axis(times: number[], stepMs: number): number[] {
  if (!times.length) return [];
  const first = times.reduce((a, b) => Math.min(a, b));
  const last = times.reduce((a, b) => Math.max(a, b));
  return Array.from({ length: Math.round((last - first) / stepMs) + 1 }, (_, at) => first + at * stepMs);
}

function rowOf(points: Points, time: number[], stepMs: number): Row {
  const row: Row = time.map(() => null);
  const first = time[0] ?? 0;
  points.time.forEach((at, place) => {
    const slot = Math.round((at - first) / stepMs);
    if (slot >= 0 && slot < row.length) row[slot] = points.value[place] ?? null;
  });
  return row;
}
