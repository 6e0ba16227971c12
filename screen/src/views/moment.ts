import { MINUTE } from "../core/time";
import type { RecentPast, SaidBefore } from "../core/wire";

/** The past as it was known at a moment of the grid: nothing that came after it. */
export function pastUntil(past: RecentPast, grid: number): RecentPast {
  const count = past.time.filter((at) => Date.parse(at) <= grid).length;
  return { ...past, time: past.time.slice(0, count), mean: past.mean.slice(0, count) };
}

/** What had been said by then, though of slots that were still to come. */
export function saidUntil(said: SaidBefore, grid: number): SaidBefore {
  const ends = said.time.map((at) => Date.parse(at) + said.step_minutes * MINUTE);
  const median = said.median.map((row, place) => {
    const ahead = (said.ahead_minutes[place] ?? 0) * MINUTE;
    return row.map((kw, slot) => ((ends[slot] ?? 0) - ahead <= grid ? kw : null));
  });
  const slots = said.time.map((_, slot) => slot).filter((slot) => median.some((row) => row[slot] != null));
  const only = <Value>(row: Value[]) => slots.map((slot) => row[slot] as Value);
  return { ...said, time: only(said.time), median: median.map(only) };
}
