import { expect, test } from "vitest";
import { curvesOf, curvesOfSum, errors, temperatures } from "../src/core/curves";
import { sumOf } from "../src/core/figures";
import type { RecentPast, SaidBefore, Temperatures } from "../src/core/wire";
import { pastUntil, saidUntil } from "../src/views/moment";
import { forecast, NOON } from "./made";

const at = (quarters: number) => new Date(NOON + quarters * 900_000).toISOString();

const past = (quarters: number[], mean: number[]): RecentPast => ({
  series: "z",
  unit: "kW",
  step_minutes: 15,
  time: quarters.map(at),
  mean,
  newest: null,
});

const said: SaidBefore = {
  series: "z",
  unit: "kW",
  step_minutes: 15,
  ahead_minutes: [60, 360],
  time: [at(-2), at(-1), at(1)],
  median: [
    [90, 95, 99],
    [null, 80, 81],
  ],
};

test("past and forecast lie on one axis, and what is missing is a gap", () => {
  const curves = curvesOf(past([-3, -1], [7, 9]), null, forecast());
  expect(curves.time.map((ms) => (ms - NOON) / 900_000)).toEqual([-3, -2, -1, 0, 1, 2, 3]);
  expect(curves.actual).toEqual([7, null, 9, null, null, null, null]);
  expect(curves.mid).toEqual([null, null, null, 100, 110, 105, 100]);
  expect(curves.low90[3]).toBe(80);
  expect(curves.high50[3]).toBe(110);
});

test("the error is what was measured less what was said", () => {
  const curves = curvesOf(past([-2, -1, 0], [100, 90, 1]), said, forecast());
  expect(errors(curves, 60).slice(0, 3)).toEqual([10, -5, null]);
  expect(errors(curves, 360).slice(0, 3)).toEqual([null, 10, null]);
  expect(errors(curves, 1440)).toEqual(curves.time.map(() => null));
});

test("a slot of the sum that one of the series lacks is a gap", () => {
  const both = [past([-2, -1], [1, 2]), past([-1, 0], [10, 20])];
  const curves = curvesOfSum(both, sumOf([forecast(), forecast()]));
  expect(curves.actual.slice(0, 3)).toEqual([12, null, null]);
  expect(curves.mid.slice(0, 3)).toEqual([null, 200, 220]);
});

test("where nothing is known there is nothing to draw", () => {
  expect(curvesOf(null, null, undefined).time).toEqual([]);
  expect(curvesOfSum([], null).time).toEqual([]);
});

test("of another moment nothing is shown that came after it", () => {
  expect(pastUntil(past([-2, -1, 0, 1], [1, 2, 3, 4]), NOON).mean).toEqual([1, 2, 3]);
  // Said an hour before its end: of the slot that begins at 12:15 that was at 11:30.
  expect(saidUntil(said, NOON - 30 * 60_000).median[0]).toEqual([90, 95, 99]);
  expect(saidUntil(said, NOON - 60 * 60_000).median[0]).toEqual([90, 95, null]);
  expect(saidUntil(said, NOON - 60 * 60_000).median[1]).toEqual([null, 80, 81]);
  expect(saidUntil(said, 0)).toMatchObject({ time: [], median: [[], []] });
});

test("temperatures lie on the axis of the load, and what is beyond it is left out", () => {
  const curves = curvesOf(past([-2, -1], [7, 9]), null, undefined);
  const told: Temperatures = {
    series: "z",
    station: "st-1",
    unit: "°C",
    step_minutes: 15,
    at: at(0),
    issued_at: at(-8),
    time: [at(-3), at(-2), at(-1), at(0)],
    measured: [1, 2, null, null],
    forecast: [null, 3, 4, 5],
  };
  expect(temperatures(curves, told)).toEqual({ measured: [2, null], forecast: [3, 4] });
  expect(temperatures(curves, null).measured).toEqual([null, null]);
});
