import { expect, test } from "vitest";
import { Board, MOST_OVER } from "../src/core/board";
import { alarm, forecast, reading, series } from "./made";

test("the newest counts, and what is told again changes nothing", () => {
  const board = new Board();
  const newer = forecast({ tick: "2026-01-01T12:01:00Z" });
  expect(board.take({ type: "forecast", seq: [0, 8], forecast: newer }, 1)).toBe(true);
  expect(board.take({ type: "forecast", seq: [0, 7], forecast: forecast() }, 2)).toBe(false);
  expect(board.take({ type: "forecast", seq: [0, 8], forecast: newer }, 3)).toBe(false);
  expect(board.forecasts.get("z")?.tick).toBe("2026-01-01T12:01:00Z");
  expect(board.arrived.forecast).toBe(1);
});

test("what was deleted is gone, and stays so when it is told late", () => {
  const board = new Board();
  board.take({ type: "series", seq: [0, 1], series: series("f") }, 1);
  board.take({ type: "gone", seq: [0, 2], what: "series", key: "f" }, 2);
  expect(board.series.size).toBe(0);
  expect(board.take({ type: "series", seq: [0, 1], series: series("f") }, 3)).toBe(false);
});

test("of alarms that are over, so many are kept and no more", () => {
  const board = new Board();
  for (let number = 0; number < MOST_OVER + 50; number++) {
    const over = alarm(`a-${number}`, { active: false });
    board.take({ type: "alarm", seq: [0, number], alarm: over }, 1);
  }
  board.take({ type: "alarm", seq: [0, 9999], alarm: alarm("now") }, 1);
  expect(board.alarms.size).toBe(MOST_OVER + 1);
  expect(board.alarms.has("a-0")).toBe(false);
});

test("what was kept comes back as it was", () => {
  const board = new Board();
  board.take({ type: "series", seq: [0, 1], series: series("z") }, 1);
  board.take({ type: "forecast", seq: [0, 1], forecast: forecast() }, 1);
  board.take({ type: "reading", seq: [0, 1], reading: reading(5) }, 1);
  board.take({ type: "alarm", seq: [0, 1], alarm: alarm("a") }, 1);
  const other = new Board();
  other.restore(JSON.parse(JSON.stringify(board.keep())));
  expect(other.keep()).toEqual(board.keep());
});

test("what no view asks for any more is let go", () => {
  const board = new Board();
  board.take({ type: "reading", seq: [0, 1], reading: reading(5) }, 1);
  board.take({ type: "reading", seq: [0, 2], reading: reading(5, { series: "m" }) }, 1);
  board.forget((name) => name === "z");
  expect([...board.readings.keys()]).toEqual(["z"]);
  expect(board.take({ type: "reading", seq: [0, 2], reading: reading(5, { series: "m" }) }, 1)).toBe(true);
});
