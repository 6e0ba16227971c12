// What the screen knows: the newest of everything it was told, and when it was told of each kind.

import type { Delta } from "./session";
import type { Alarm, Forecast, GridSeries, Reading, Score, What } from "./wire";

/** Alarms that are over; the gateway keeps more, and the topics all. */
export const MOST_OVER = 300;

export interface Kept {
  series: GridSeries[];
  forecasts: Forecast[];
  readings: Reading[];
  scores: Score[];
  alarms: Alarm[];
}

export class Board {
  series = new Map<string, GridSeries>();
  forecasts = new Map<string, Forecast>();
  readings = new Map<string, Reading>();
  scores = new Map<string, Score>();
  alarms = new Map<string, Alarm>();
  /** When something of a kind last came, by the clock of this machine. */
  arrived: Partial<Record<What, number>> = {};
  /** Grows with every change. */
  version = 0;
  private seen = new Map<string, readonly [number, number]>();
  private over: string[] = [];

  /** Take one delta; tells whether it was news. */
  take(delta: Delta, now: number): boolean {
    const what = delta.type === "gone" ? (delta.what as What) : delta.type;
    const key = keyOf(delta);
    const name = `${what} ${key}`;
    const before = this.seen.get(name);
    // After a cut, some of what was sent before it is sent again.
    if (before && before[0] === delta.seq[0] && before[1] >= delta.seq[1]) return false;
    this.seen.set(name, delta.seq);
    this.arrived[what] = now;
    this.version += 1;
    if (delta.type === "gone") this.mapOf(what).delete(key);
    else if (delta.type === "series") this.series.set(key, delta.series);
    else if (delta.type === "forecast") this.forecasts.set(key, delta.forecast);
    else if (delta.type === "reading") this.readings.set(key, delta.reading);
    else if (delta.type === "score") this.scores.set(key, delta.score);
    else this.takeAlarm(delta.alarm);
    return true;
  }

  clear(): void {
    for (const what of ["series", "forecast", "reading", "score", "alarm"] as const) {
      this.mapOf(what).clear();
    }
    this.seen.clear();
    this.over = [];
    this.arrived = {};
    this.version += 1;
  }

  /** Let go of what no view asks for any more. */
  forget(wanted: (series: string) => boolean): void {
    for (const what of ["series", "forecast", "reading", "score"] as const) {
      for (const key of [...this.mapOf(what).keys()]) {
        if (wanted(key)) continue;
        this.mapOf(what).delete(key);
        this.seen.delete(`${what} ${key}`);
      }
    }
  }

  keep(): Kept {
    return {
      series: [...this.series.values()],
      forecasts: [...this.forecasts.values()],
      readings: [...this.readings.values()],
      scores: [...this.scores.values()],
      alarms: [...this.alarms.values()],
    };
  }

  restore(kept: Kept): void {
    for (const one of kept.series) this.series.set(one.series, one);
    for (const one of kept.forecasts) this.forecasts.set(one.series, one);
    for (const one of kept.readings) this.readings.set(one.series, one);
    for (const one of kept.scores) this.scores.set(one.series, one);
    for (const one of kept.alarms) this.takeAlarm(one);
    this.version += 1;
  }

  private takeAlarm(alarm: Alarm): void {
    this.alarms.set(alarm.alarm, alarm);
    if (alarm.active) return;
    this.over.push(alarm.alarm);
    while (this.over.length > MOST_OVER) {
      const oldest = this.over.shift() as string;
      if (this.alarms.get(oldest)?.active) continue;
      this.alarms.delete(oldest);
      this.seen.delete(`alarm ${oldest}`);
    }
  }

  private mapOf(what: What): Map<string, unknown> {
    switch (what) {
      case "series":
        return this.series;
      case "forecast":
        return this.forecasts;
      case "reading":
        return this.readings;
      case "score":
        return this.scores;
      case "alarm":
        return this.alarms;
    }
  }
}

function keyOf(delta: Delta): string {
  switch (delta.type) {
    case "gone":
      return delta.key;
    case "series":
      return delta.series.series;
    case "forecast":
      return delta.forecast.series;
    case "reading":
      return delta.reading.series;
    case "score":
      return delta.score.series;
    case "alarm":
      return delta.alarm.alarm;
  }
}
