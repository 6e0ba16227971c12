import type { RecentPast } from "../core/wire";

/** The past as it was known at a moment: nothing that came after it. */
export function until(pasts: RecentPast[], grid: number | null): RecentPast[] {
  if (grid === null) return pasts;
  return pasts.map((past) => {
    const count = past.time.filter((at) => Date.parse(at) <= grid).length;
    return { ...past, time: past.time.slice(0, count), mean: past.mean.slice(0, count) };
  });
}
