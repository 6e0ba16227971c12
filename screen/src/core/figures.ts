// What is shown is worked out here, from what is known: no clock, no page.

import type { Board } from "./board";
import { dayOf, HOUR, MINUTE } from "./time";
import type { Alarm, Forecast, GridSeries, Reading, Rung } from "./wire";

export interface Band {
  low: number;
  mid: number;
  high: number;
}

/** A quantile of a forecast, where the forecast has the level (0.05 of [0.05, 0.5, 0.95]). */
export function quantile(forecast: Forecast, level: number): number[] | null {
  const at = forecast.levels.findIndex((one) => Math.abs(one - level) < 1e-6);
  return at < 0 ? null : (forecast.quantiles[at] ?? null);
}

/** The outermost levels: the 90 % interval of most forecasters. */
export function outer(forecast: Forecast): [number[], number[], number] {
  const last = forecast.levels.length - 1;
  const share = (forecast.levels[last] as number) - (forecast.levels[0] as number);
  return [forecast.quantiles[0] as number[], forecast.quantiles[last] as number[], share];
}

export function median(forecast: Forecast): number[] {
  return quantile(forecast, 0.5) ?? (forecast.quantiles[Math.floor(forecast.levels.length / 2)] as number[]);
}

/** What was forecast for a moment; before its first slot, that one. */
export function bandAt(forecast: Forecast, ms: number): Band | null {
  const step = forecast.step_minutes * MINUTE;
  const at = Math.max(0, Math.floor((ms - Date.parse(forecast.first)) / step));
  const [low, high] = outer(forecast);
  const mid = median(forecast)[at];
  if (mid === undefined) return null;
  return { low: low[at] as number, mid, high: high[at] as number };
}

/**
 * The band that one reading is held against. Of the open slot's mean, what is measured is forecast
 * no more: its band narrows to nothing until the slot is over. A reading is no mean, so it is given
 * back the width that was forecast when the slot began.
 */
function bandOfReading(forecast: Forecast, ms: number): Band | null {
  const band = bandAt(forecast, ms);
  const first = Date.parse(forecast.first);
  const step = forecast.step_minutes * MINUTE;
  if (!band || ms >= first + step) return band;
  const left = Math.max(1 - (Date.parse(forecast.tick) - first) / step, MINUTE / step);
  const { low, mid, high } = band;
  return { low: mid - (mid - low) / left, mid, high: mid + (high - mid) / left };
}

export interface Deviation {
  reading: number;
  band: Band;
  /** In half widths of the band: above 1 it is outside of it. Negative: below the median. */
  distance: number;
  /** Of the median, 0.1 is 10 %; null where that is about 0. */
  share: number | null;
}

export function deviation(reading?: Reading, forecast?: Forecast): Deviation | null {
  if (!reading || !forecast) return null;
  const band = bandOfReading(forecast, Date.parse(reading.time));
  if (!band) return null;
  const off = reading.value - band.mid;
  const width = off >= 0 ? band.high - band.mid : band.mid - band.low;
  // A band of no width would make a watt an emergency.
  const floor = Math.max(0.01 * Math.abs(band.mid), 1e-3);
  return {
    reading: reading.value,
    band,
    distance: off / Math.max(width, floor),
    share: Math.abs(band.mid) > 1e-3 ? off / band.mid : null,
  };
}

/** The grid's own time: of the newest tick or reading. */
export function gridTime(board: Board): number | null {
  let newest = Number.NEGATIVE_INFINITY;
  for (const one of board.forecasts.values()) newest = Math.max(newest, Date.parse(one.tick));
  for (const one of board.readings.values()) newest = Math.max(newest, Date.parse(one.time));
  return Number.isFinite(newest) ? newest : null;
}

/** Those that are part of nothing that is known: their sum is the whole grid. */
export function roots(board: Board): GridSeries[] {
  const known = [...board.series.values()];
  return known.filter((one) => one.parent === null || !board.series.has(one.parent));
}

export function childrenOf(board: Board, series: string): GridSeries[] {
  return [...board.series.values()].filter((one) => one.parent === series);
}

/** From the whole down to a series. */
export function wayTo(board: Board, series: string): string[] {
  const way = [series];
  let above = board.series.get(series)?.parent;
  while (above && !way.includes(above)) {
    way.unshift(above);
    above = board.series.get(above)?.parent;
  }
  return way;
}

export interface Total {
  kw: number;
  band: Band | null;
  /** How many of how many have a reading. */
  measured: number;
  of: number;
}

/** The load of the whole grid now. Bands are added up, so the sum's is on the wide side. */
export function total(board: Board): Total | null {
  const all = roots(board);
  let [kw, measured, low, mid, high, forecast] = [0, 0, 0, 0, 0, 0];
  for (const { series } of all) {
    const reading = board.readings.get(series);
    if (!reading) continue;
    kw += reading.value;
    measured += 1;
    const found = deviation(reading, board.forecasts.get(series));
    if (!found) continue;
    [low, mid, high] = [low + found.band.low, mid + found.band.mid, high + found.band.high];
    forecast += 1;
  }
  if (!measured) return null;
  return { kw, measured, of: all.length, band: forecast === measured ? { low, mid, high } : null };
}

/** The forecasts of several series as one, slot by slot; null where one of them is missing. */
export function sumOf(forecasts: Forecast[]): { time: number; band: Band }[] | null {
  if (!forecasts.length) return null;
  const begin = Math.max(...forecasts.map((one) => Date.parse(one.first)));
  const step = (forecasts[0] as Forecast).step_minutes * MINUTE;
  const sums: { time: number; band: Band }[] = [];
  for (let time = begin; ; time += step) {
    const sum = { low: 0, mid: 0, high: 0 };
    for (const one of forecasts) {
      const band = bandAt(one, time);
      if (!band) return sums;
      sum.low += band.low;
      sum.mid += band.mid;
      sum.high += band.high;
    }
    sums.push({ time, band: sum });
  }
}

export interface Peak {
  time: number;
  band: Band;
  tomorrow: boolean;
}

/** The highest load still to come today; late in the evening, tomorrow's. */
export function peak(board: Board, now: number, zone: string): Peak | null {
  const forecasts = roots(board).map((one) => board.forecasts.get(one.series));
  if (forecasts.some((one) => one === undefined)) return null;
  const sums = sumOf(forecasts as Forecast[]);
  if (!sums) return null;
  let [begin, end] = [now, dayOf(now, zone)[1]];
  const tomorrow = end - now < 2 * HOUR;
  if (tomorrow) [begin, end] = dayOf(end + 12 * HOUR, zone);
  const ahead = sums.filter(({ time }) => time >= begin && time < end);
  const highest = ahead.reduce<(typeof sums)[0] | null>(
    (best, one) => (best === null || one.band.mid > best.band.mid ? one : best),
    null,
  );
  return highest && { ...highest, tomorrow };
}

export interface Skill {
  rungs: { rung: Rung; count: number }[];
  models: string[];
  /** How much smaller the error is than the seasonal-naive one's: 0.3 is 30 %. */
  skill: number | null;
  coverage: number | null;
}

const BEST_FIRST: Rung[] = [
  "model",
  "model-without-weather",
  "seasonal-profile",
  "population-profile",
  "last-level",
];

export function skill(board: Board): Skill {
  const counts = new Map<Rung, number>();
  const models = new Set<string>();
  for (const one of board.forecasts.values()) {
    counts.set(one.rung, (counts.get(one.rung) ?? 0) + 1);
    if (one.model) models.add(one.model);
  }
  let [error, naive, inside, judged] = [0, 0, 0, 0];
  for (const score of board.scores.values()) {
    for (const band of score.bands) {
      // A challenger answers in the shadow: nobody saw what it said.
      if (band.challenger) continue;
      if (band.naive_mae_kw !== null) {
        error += band.mae_kw * band.count;
        naive += band.naive_mae_kw * band.count;
      }
      if (band.coverage_90 !== null) {
        inside += band.coverage_90 * band.count;
        judged += band.count;
      }
    }
  }
  return {
    rungs: BEST_FIRST.filter((rung) => counts.has(rung)).map((rung) => ({
      rung,
      count: counts.get(rung) as number,
    })),
    models: [...models].sort(),
    skill: naive > 0 ? 1 - error / naive : null,
    coverage: judged ? inside / judged : null,
  };
}

/** Silent for how long, in grid time, makes a feed a dead one. */
export const SILENT_AFTER = 15 * MINUTE;

export function isSilent(forecast?: Forecast): boolean {
  if (!forecast) return false;
  if (forecast.newest_reading === null) return true;
  const age = Date.parse(forecast.tick) - Date.parse(forecast.newest_reading);
  return age > Math.max(SILENT_AFTER, 2 * forecast.step_minutes * MINUTE);
}

export type Shelf = "active" | "shelved" | "suppressed" | "over";

export function shelfOf(alarm: Alarm): Shelf {
  if (!alarm.active) return "over";
  if (alarm.shelved_until !== null) return "shelved";
  return alarm.suppressed_by !== null ? "suppressed" : "active";
}

const RANK = { high: 0, medium: 1, low: 2 };

/** What is to be looked at first: not seen yet, then by priority, then the newest. */
export function ranked(alarms: Iterable<Alarm>): Alarm[] {
  return [...alarms].sort(
    (a, b) =>
      Number(!a.active) - Number(!b.active) ||
      Number(a.acknowledged_at !== null) - Number(b.acknowledged_at !== null) ||
      RANK[a.priority] - RANK[b.priority] ||
      Date.parse(b.raised_at) - Date.parse(a.raised_at) ||
      a.alarm.localeCompare(b.alarm),
  );
}

/** A grid of the past is shown by its own time; one that is about now, by the clock. */
export const isReplay = (grid: number, now: number) => Math.abs(now - grid) > 2 * HOUR;
