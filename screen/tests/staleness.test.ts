import { describe, expect, test } from "vitest";
import { type Known, notices } from "../src/core/staleness";
import { NOON } from "./made";

const well: Known = {
  now: NOON,
  state: "live",
  heardAt: NOON - 1000,
  keptFrom: null,
  staleS: 0,
  degraded: [],
  arrived: { forecast: NOON - 60_000, reading: NOON - 5000 },
  gridNow: NOON - 60_000,
  feeds: { time: null, known: 10, alive: 10, silent_after_minutes: 15, silent: [] },
};
const kinds = (known: Partial<Known>) => notices({ ...well, ...known }).map((one) => one.kind);

describe("what is old is said", () => {
  test("and nothing is said while all is well", () => {
    expect(kinds({})).toEqual([]);
  });

  test("when the connection is cut, but not of a cut that nobody would notice", () => {
    expect(kinds({ state: "waiting", heardAt: NOON - 1500 })).toEqual([]);
    expect(kinds({ state: "waiting", heardAt: NOON - 2500 })).toEqual(["no_connection"]);
    expect(kinds({ state: "connecting", heardAt: null, keptFrom: 5 })).toEqual(["last_known"]);
  });

  test("when forecasts or readings stop, though the connection lives", () => {
    const arrived = { forecast: NOON - 181_000, reading: NOON - 200_000 };
    expect(kinds({ arrived })).toEqual(["forecasts_old", "readings_old"]);
  });

  test("when the gateway itself hears nothing", () => {
    const silent = "nothing heard of Kafka for 40 s";
    expect(kinds({ staleS: 40, degraded: [silent] })).toEqual(["kafka_silent"]);
    const found = notices({ ...well, staleS: 40, degraded: [silent, "Redis does not answer"] });
    expect(found[1]).toMatchObject({ kind: "degraded", what: ["Redis does not answer"] });
  });

  test("when series are silent: loud when they are many", () => {
    const silent = [{ series: "m", since: "2026-01-01T00:00:00Z" }];
    const of = (known: number) =>
      notices({ ...well, feeds: { time: null, known, alive: known - 1, silent_after_minutes: 15, silent } });
    expect(of(10)[0]).toMatchObject({ kind: "feeds_dead", loud: true });
    expect(of(1000)[0]).toMatchObject({ kind: "feeds_dead", loud: false });
  });

  test("when the grid's time is not about now", () => {
    expect(kinds({ gridNow: NOON - 5 * 86_400_000 })).toEqual(["replay"]);
  });
});
