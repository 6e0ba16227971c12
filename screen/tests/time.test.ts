import { describe, expect, test } from "vitest";
import { clockTime, dayOf, HOUR, howLong, zoneName } from "../src/core/time";

const BERLIN = "Europe/Berlin";

describe("a local day", () => {
  test.each([
    ["2026-03-29T12:00:00Z", 23],
    ["2026-03-28T12:00:00Z", 24],
    ["2026-10-25T12:00:00Z", 25],
    ["2026-10-25T00:30:00Z", 25],
    ["2026-10-25T22:59:00Z", 25],
  ])("that holds %s has %d hours", (moment, hours) => {
    const [begin, end] = dayOf(Date.parse(moment), BERLIN);
    expect((end - begin) / HOUR).toBe(hours);
    expect(clockTime(begin, BERLIN)).toBe("00:00");
    expect(clockTime(end, BERLIN)).toBe("00:00");
    expect(begin).toBeLessThanOrEqual(Date.parse(moment));
    expect(end).toBeGreaterThan(Date.parse(moment));
  });

  test("is the zone's own, not that of this machine", () => {
    expect(dayOf(Date.parse("2026-01-01T16:00:00Z"), "Asia/Seoul")[0]).toBe(
      Date.parse("2026-01-01T15:00:00Z"),
    );
  });
});

test("the two hours of the night that has one of them twice are told apart by their zone", () => {
  const [first, second] = ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"].map(Date.parse);
  expect(clockTime(first as number, BERLIN)).toBe(clockTime(second as number, BERLIN));
  expect(zoneName(first as number, BERLIN)).not.toBe(zoneName(second as number, BERLIN));
});

test.each([
  [4_000, "4 s", "4초"],
  [180_000, "3 min", "3분"],
  [2 * HOUR + 300_000, "2 h 5 min", "2시간 5분"],
  [119 * HOUR, "4 d 23 h", "4일 23시간"],
  [48 * HOUR, "2 d", "2일"],
])("%d ms is told in words", (ms, english, korean) => {
  expect([howLong(ms, "en"), howLong(ms, "ko")]).toEqual([english, korean]);
});
