import { describe, expect, test } from "vitest";
import { Board } from "../src/core/board";
import { bandAt, deviation, isSilent, peak, ranked, skill, sumOf, total } from "../src/core/figures";
import { alarm, forecast, NOON, reading, series } from "./made";

const QUARTER = 15 * 60_000;

function board(): Board {
  const made = new Board();
  made.restore({
    series: [series("z"), series("y"), series("f", "z")],
    forecasts: [forecast(), forecast({ series: "y" }), forecast({ series: "f" })],
    readings: [reading(140), reading(100, { series: "y" }), reading(50, { series: "f" })],
    scores: [],
    alarms: [],
  });
  return made;
}

describe("a forecast", () => {
  test("is looked up in the slot that holds a moment", () => {
    expect(bandAt(forecast(), NOON + QUARTER - 1)).toEqual({ low: 80, mid: 100, high: 130 });
    expect(bandAt(forecast(), NOON + QUARTER)?.mid).toBe(110);
    expect(bandAt(forecast(), NOON - 1)?.mid).toBe(100);
    expect(bandAt(forecast(), NOON + 4 * QUARTER)).toBeNull();
  });

  test("is left by a reading beyond either end of its band", () => {
    expect(deviation(reading(130), forecast())?.distance).toBe(1);
    expect(deviation(reading(145), forecast())?.distance).toBe(1.5);
    expect(deviation(reading(70), forecast())?.distance).toBe(-1.5);
    expect(deviation(reading(110), forecast())?.share).toBeCloseTo(0.1);
  });

  test("keeps its width for readings though most of the slot is measured", () => {
    const tick = "2026-01-01T12:12:00Z"; // a fifth of the slot is left
    const late = forecast({ tick, quantiles: [[96], [98], [100], [102], [106]] });
    expect(deviation(reading(130, { time: tick }), late)?.distance).toBeCloseTo(1);
    expect(deviation(reading(90, { time: tick }), late)?.distance).toBeCloseTo(-0.5);
    const next = reading(145, { time: "2026-01-01T12:15:00Z" });
    expect(deviation(next, forecast({ tick }))?.band).toEqual({ low: 90, mid: 110, high: 140 });
  });

  test("of no width does not make a watt an emergency", () => {
    const flat = forecast({ quantiles: [[100], [100], [100], [100], [100]] });
    expect(Math.abs(deviation(reading(100.001), flat)?.distance ?? 9)).toBeLessThan(0.01);
  });
});

describe("the whole grid", () => {
  test("is the sum of what is part of nothing", () => {
    expect(total(board())).toEqual({
      kw: 240,
      band: { low: 160, mid: 200, high: 260 },
      measured: 2,
      of: 2,
    });
  });

  test("says that a part is missing", () => {
    const known = board();
    known.readings.delete("y");
    expect(total(known)).toMatchObject({ kw: 140, measured: 1, of: 2 });
  });

  test("has its peak where the sum is highest, and none while a forecast is missing", () => {
    const known = board();
    const found = peak(known, NOON, "Europe/Berlin");
    expect(found).toMatchObject({ time: NOON + QUARTER, band: { mid: 220 }, tomorrow: false });
    known.forecasts.delete("y");
    expect(peak(known, NOON, "Europe/Berlin")).toBeNull();
  });

  test("has no slot in the sum that one of its parts lacks", () => {
    const shorter = forecast({ series: "y", first: "2026-01-01T12:15:00Z" });
    expect(sumOf([forecast(), shorter])?.map(({ band }) => band.mid)).toEqual([210, 215, 205]);
  });
});

test("late in the evening the peak is tomorrow's", () => {
  const known = new Board();
  const evening = forecast({
    tick: "2026-01-01T22:30:00Z",
    first: "2026-01-01T22:30:00Z",
    quantiles: [[1, 9, 2, 5]],
    levels: [0.5],
  });
  known.restore({ series: [series("z")], forecasts: [evening], readings: [], scores: [], alarms: [] });
  const found = peak(known, Date.parse(evening.tick), "Europe/Berlin");
  expect(found).toMatchObject({ time: Date.parse("2026-01-01T23:15:00Z"), tomorrow: true });
  expect(found?.band.mid).toBe(5);
});

test("skill is the error beside the seasonal-naive one's, weighed by how many came due", () => {
  const known = board();
  const band = {
    from_minutes: 0,
    to_minutes: 60,
    rung: "model" as const,
    model: "lstm",
    release: null,
    challenger: false,
    coverage_90_raw: null,
    bias_kw: 0,
    pinball_kw: 0,
  };
  known.scores.set("z", {
    version: 1,
    series: "z",
    hour: "2026-01-01T11:00:00Z",
    bands: [
      { ...band, count: 3, mae_kw: 1, naive_mae_kw: 2, coverage_90: 1 },
      { ...band, count: 1, mae_kw: 5, naive_mae_kw: 10, coverage_90: 0.6 },
      { ...band, count: 9, mae_kw: 9, naive_mae_kw: null, coverage_90: null },
      { ...band, count: 99, mae_kw: 0, naive_mae_kw: 9, coverage_90: 1, challenger: true },
    ],
  });
  expect(skill(known)).toMatchObject({ skill: 0.5, coverage: 0.9, models: ["lstm"] });
  expect(skill(board())).toMatchObject({ skill: null, coverage: null });
});

test("a feed is silent by the grid's own time", () => {
  expect(isSilent(forecast({ newest_reading: "2026-01-01T11:31:00Z" }))).toBe(false);
  expect(isSilent(forecast({ newest_reading: "2026-01-01T11:29:00Z" }))).toBe(true);
  expect(isSilent(forecast({ newest_reading: null }))).toBe(true);
});

test("alarms are ranked: not seen, then by priority, then the newest", () => {
  const names = ranked([
    alarm("over", { active: false }),
    alarm("seen", { priority: "high", acknowledged_at: "2026-01-01T12:00:00Z" }),
    alarm("low"),
    alarm("old-high", { priority: "high" }),
    alarm("new-high", { priority: "high", raised_at: "2026-01-01T12:30:00Z" }),
  ]).map((one) => one.alarm);
  expect(names).toEqual(["new-high", "old-high", "low", "seen", "over"]);
});
