// Messages as a gateway sends them.

import type { Alarm, Current, Forecast, GridSeries, Reading, Welcome } from "../src/core/wire";

export const NOON = Date.UTC(2026, 0, 1, 12);

export const forecast = (over: Partial<Forecast> = {}): Forecast => ({
  version: 1,
  series: "z",
  tick: "2026-01-01T12:00:00Z",
  first: "2026-01-01T12:00:00Z",
  step_minutes: 15,
  levels: [0.05, 0.25, 0.5, 0.75, 0.95],
  quantiles: [80, 90, 100, 110, 130].map((kw) => [kw, kw + 10, kw + 5, kw]),
  rung: "model",
  reason: null,
  model: "lstm",
  release: null,
  closed_by: "watermark",
  newest_reading: "2026-01-01T12:00:00Z",
  weather_issued_at: null,
  measured: 1,
  ...over,
});

export const reading = (value: number, over: Partial<Reading> = {}): Reading => ({
  version: 1,
  series: "z",
  time: "2026-01-01T12:00:00Z",
  value,
  unit: "kW",
  quality: 0,
  revision: 0,
  ...over,
});

export const series = (name: string, parent: string | null = null): GridSeries => ({
  version: 1,
  series: name,
  kind: parent ? "feeder" : "zone",
  parent,
  name: null,
  station: null,
  latitude: null,
  longitude: null,
  time_zone: "Europe/Berlin",
  holidays: null,
  capacity_kw: null,
  can_be_negative: false,
});

export const alarm = (name: string, over: Partial<Alarm> = {}): Alarm => ({
  version: 1,
  alarm: name,
  kind: "spike",
  series: "z",
  priority: "low",
  change: "raised",
  changed_at: "2026-01-01T12:00:00Z",
  changed_by: null,
  active: true,
  raised_at: "2026-01-01T12:00:00Z",
  cleared_at: null,
  acknowledged_at: null,
  acknowledged_by: null,
  shelved_until: null,
  suppressed_by: null,
  cause: "",
  text: "",
  measured: null,
  expected: null,
  expected_low: null,
  expected_high: null,
  evidence: {},
  ...over,
});

export const welcome = (): Welcome => ({
  type: "welcome",
  gateway: "g/1",
  version: "0",
  time: "2026-01-01T12:00:00Z",
  who: "anna",
  scopes: ["read"],
  below: [],
  open: false,
  heartbeat_s: 10,
  degraded: [],
});

export const current = (
  subscription: string | null,
  seq: Record<string, number[]>,
  epoch = "e",
): Current => ({
  type: "current",
  subscription,
  epoch,
  seq,
  time: "2026-01-01T12:00:00Z",
  stale_s: 0,
  degraded: [],
});
