// What is old, and since when: one list, the worst first. Nothing freezes silently.

import { isReplay } from "./figures";
import type { State } from "./session";
import type { FeedsAlive, What } from "./wire";

export interface Known {
  now: number;
  state: State;
  /** When something was last heard of a gateway. */
  heardAt: number | null;
  /** What is shown was kept from then. */
  keptFrom: number | null;
  staleS: number;
  degraded: string[];
  arrived: Partial<Record<What, number>>;
  gridNow: number | null;
  feeds: FeedsAlive | null;
}

export type Notice =
  | { kind: "no_connection" | "last_known"; since: number; loud: true }
  | { kind: "kafka_silent"; seconds: number; loud: true }
  | { kind: "forecasts_old" | "readings_old"; since: number; loud: true }
  | { kind: "feeds_dead"; feeds: FeedsAlive; loud: boolean }
  | { kind: "degraded"; what: string[]; loud: false }
  | { kind: "replay"; behind: number; loud: false };

/** Forecasts come every minute, readings every few seconds: three minutes are no chance. */
export const OLD_AFTER_MS = 3 * 60_000;
/** A cut that is over before anybody has read of it is not told. */
const CUT_AFTER_MS = 2_000;
/** So many silent feeds, or more, are loud. */
const LOUD_SHARE = 0.02;

export function notices(known: Known): Notice[] {
  const found: Notice[] = [];
  const cut = known.state !== "live";
  if (cut && known.keptFrom !== null) {
    found.push({ kind: "last_known", since: known.keptFrom, loud: true });
  } else if (cut && known.heardAt !== null && known.now - known.heardAt > CUT_AFTER_MS) {
    found.push({ kind: "no_connection", since: known.heardAt, loud: true });
  }
  if (known.staleS > 0) {
    found.push({ kind: "kafka_silent", seconds: known.staleS, loud: true });
  }
  for (const [what, kind] of [
    ["forecast", "forecasts_old"],
    ["reading", "readings_old"],
  ] as const) {
    const since = known.arrived[what];
    if (!cut && since !== undefined && known.now - since > OLD_AFTER_MS) {
      found.push({ kind, since, loud: true });
    }
  }
  if (known.feeds?.silent.length) {
    const { known: all, alive } = known.feeds;
    const loud = (all - alive) / Math.max(all, 1) >= LOUD_SHARE;
    found.push({ kind: "feeds_dead", feeds: known.feeds, loud });
  }
  // That nothing is heard of Kafka is told above.
  const degraded = known.degraded.filter((one) => !one.startsWith("nothing heard of Kafka"));
  if (degraded.length) found.push({ kind: "degraded", what: degraded, loud: false });
  if (known.gridNow !== null && isReplay(known.gridNow, known.now)) {
    found.push({ kind: "replay", behind: known.now - known.gridNow, loud: false });
  }
  return found.sort((a, b) => Number(b.loud) - Number(a.loud));
}
