// Made by wire.mjs from docs/reference/schemas/gateway: not to be edited.

/**
 * The requested action.
 */
export type Action = "acknowledge" | "shelve" | "unshelve";
/**
 * The alarm's last change of state (after OPC UA Part 9 and ISA-18.2).
 */
export type AlarmChange =
  | "raised"
  | "updated"
  | "re-alarmed"
  | "acknowledged"
  | "shelved"
  | "unshelved"
  | "suppressed"
  | "unsuppressed"
  | "cleared";
/**
 * The condition that was detected.
 */
export type AlarmKind =
  | "spike"
  | "drop"
  | "flatline"
  | "gap"
  | "out-of-limits"
  | "unit"
  | "clock"
  | "disagreement"
  | "unusual"
  | "feed-stale"
  | "feed-broken"
  | "drift"
  | "data-drift"
  | "coverage-lost"
  | "model-degraded"
  | "flood";
/**
 * The urgency of an alarm (EEMUA 191: about 5, 15 and 80 of 100 alarms).
 */
export type Priority = "high" | "medium" | "low";
/**
 * A kind of data to subscribe to; also the type of its delta.
 */
export type What = "series" | "forecast" | "alarm" | "score" | "reading";
/**
 * The clock that closed the tick.
 */
export type ClosedBy = "watermark" | "wall-clock";
/**
 * The forecaster that answered, best first.
 */
export type Rung = "model" | "model-without-weather" | "seasonal-profile" | "population-profile" | "last-level";
/**
 * Quality codes of ESPI (NAESB REQ.21, `QualityOfReading`).
 *
 * IEEE 2030.5 names the same properties as bits of `qualityFlags`: :meth:`from_ieee_2030_5`
 * translates.
 */
export type Quality = 0 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15 | 16 | 17 | 18 | 19;
/**
 * The level of the grid at which a series is measured.
 */
export type SeriesKind = "meter" | "feeder" | "substation" | "zone";
/**
 * The reason why a request was refused.
 */
export type RefusedBecause = "bad-message" | "forbidden" | "unknown-alarm" | "too-much" | "unavailable";
/**
 * A permission.
 */
export type Scope = "read" | "acknowledge" | "admin";

export interface Wire {
  Action: Action;
  Alarm: Alarm;
  AlarmChange: AlarmChange;
  AlarmKind: AlarmKind;
  Priority: Priority;
  What: What;
  SilentSeries: SilentSeries;
  ClosedBy: ClosedBy;
  Forecast: Forecast;
  Rung: Rung;
  AlarmDelta: AlarmDelta;
  ForecastDelta: ForecastDelta;
  GridSeries: GridSeries;
  Quality: Quality;
  Reading: Reading;
  ReadingDelta: ReadingDelta;
  SeriesDelta: SeriesDelta;
  SeriesKind: SeriesKind;
  RefusedBecause: RefusedBecause;
  BandScore: BandScore;
  Score: Score;
  Place: Place;
  Scope: Scope;
  Act: Act;
  Acted: Acted;
  Authenticate: Authenticate;
  Current: Current;
  FeedsAlive: FeedsAlive;
  Gone: Gone;
  Moment: Moment;
  RecentPast: RecentPast;
  Refused: Refused;
  SaidBefore: SaidBefore;
  ScoreDelta: ScoreDelta;
  Subscribe: Subscribe;
  Temperatures: Temperatures;
  Unsubscribe: Unsubscribe;
  Welcome: Welcome;
}
/**
 * One alarm after one change of its state.
 */
export interface Alarm {
  /**
   * schema version of this message
   */
  version: number;
  /**
   * its name, the same after a restart or a replay; the Kafka key
   */
  alarm: string;
  /**
   * what was seen
   */
  kind:
    | "spike"
    | "drop"
    | "flatline"
    | "gap"
    | "out-of-limits"
    | "unit"
    | "clock"
    | "disagreement"
    | "unusual"
    | "feed-stale"
    | "feed-broken"
    | "drift"
    | "data-drift"
    | "coverage-lost"
    | "model-degraded"
    | "flood";
  /**
   * where it was seen
   */
  series: string;
  /**
   * how soon someone must act
   */
  priority: "high" | "medium" | "low";
  /**
   * what happened to it last
   */
  change:
    | "raised"
    | "updated"
    | "re-alarmed"
    | "acknowledged"
    | "shelved"
    | "unshelved"
    | "suppressed"
    | "unsuppressed"
    | "cleared";
  /**
   * when that happened (event time)
   */
  changed_at: string;
  /**
   * who did it; null: the system itself
   */
  changed_by: string | null;
  /**
   * whether what was seen still goes on
   */
  active: boolean;
  /**
   * when it was raised (event time)
   */
  raised_at: string;
  /**
   * when it was over; null: it goes on
   */
  cleared_at: string | null;
  /**
   * when someone saw it; null: nobody yet
   */
  acknowledged_at: string | null;
  /**
   * who saw it
   */
  acknowledged_by: string | null;
  /**
   * hidden until then; null: not shelved
   */
  shelved_until: string | null;
  /**
   * the alarm that stands for it; null: none
   */
  suppressed_by: string | null;
  /**
   * the likeliest cause, in a few words
   */
  cause: string;
  /**
   * what to tell the operator, in one line
   */
  text: string;
  /**
   * the reading that it is about
   */
  measured: number | null;
  /**
   * what had been forecast for it (median)
   */
  expected: number | null;
  /**
   * lower end of the 90 % interval
   */
  expected_low: number | null;
  /**
   * upper end of the 90 % interval
   */
  expected_high: number | null;
  /**
   * further figures by name, the unit in the name
   */
  evidence: {
    [k: string]: number;
  };
}
/**
 * A series that has stopped sending readings.
 */
export interface SilentSeries {
  /**
   * which series
   */
  series: string;
  /**
   * time of its newest reading (event time)
   */
  since: string;
}
/**
 * The forecast of one series at one tick.
 *
 * The load in the slot that begins `s` steps after `first` stays below `quantiles[q][s]` with
 * probability `levels[q]`.
 */
export interface Forecast {
  /**
   * schema version of this message
   */
  version: number;
  /**
   * which series; also the Kafka key
   */
  series: string;
  /**
   * the minute for which the forecast was issued (event time)
   */
  tick: string;
  /**
   * when the first slot of the horizon begins: the slot that the tick lies in
   */
  first: string;
  /**
   * width of one slot
   */
  step_minutes: 1 | 5 | 10 | 15 | 30 | 60;
  /**
   * probabilities of the quantiles, rising
   */
  levels: number[];
  /**
   * for each level, the load in each slot of the horizon
   */
  quantiles: number[][];
  /**
   * which forecaster answered
   */
  rung: "model" | "model-without-weather" | "seasonal-profile" | "population-profile" | "last-level";
  /**
   * why not the model; null where the model answered
   */
  reason: string | null;
  /**
   * which model answered; null under a fallback
   */
  model: string | null;
  /**
   * which release of it
   */
  release: string | null;
  /**
   * the readings themselves, or the clock because no readings came
   */
  closed_by: "watermark" | "wall-clock";
  /**
   * time of the newest reading it was made from (of one that is no longer kept by itself: the beginning of its slot); null: there was none
   */
  newest_reading: string | null;
  /**
   * run of the weather forecast it was made from; null: none was used
   */
  weather_issued_at: string | null;
  /**
   * share of the window that was measured, not filled
   */
  measured: number;
}
/**
 * A change of an alarm. Every change is sent, in order.
 */
export interface AlarmDelta {
  type: "alarm";
  /**
   * partition and offset in its topic
   *
   * @minItems 2
   * @maxItems 2
   */
  seq: [number, number];
  alarm: Alarm;
}
/**
 * The newest forecast of a series. Superseded forecasts may be skipped.
 */
export interface ForecastDelta {
  type: "forecast";
  /**
   * partition and offset in its topic
   *
   * @minItems 2
   * @maxItems 2
   */
  seq: [number, number];
  forecast: Forecast;
}
/**
 * The declaration of a series. A series without one has the defaults.
 */
export interface GridSeries {
  /**
   * schema version of this message
   */
  version: number;
  /**
   * which series; also the Kafka key
   */
  series: string;
  /**
   * where in the grid it is measured
   */
  kind: "meter" | "feeder" | "substation" | "zone";
  /**
   * the series that it is a part of: a meter's feeder
   */
  parent: string | null;
  /**
   * what people call it
   */
  name: string | null;
  /**
   * its weather station; else the nearest one
   */
  station: string | null;
  /**
   * where it is, WGS 84, north positive
   */
  latitude: number | null;
  /**
   * where it is, WGS 84, east positive
   */
  longitude: number | null;
  /**
   * its local time, an IANA name: Europe/Berlin
   */
  time_zone: string;
  /**
   * its holidays: a country (ISO 3166-1), or a part of one: KR, DE-BY
   */
  holidays: string | null;
  /**
   * the most it can carry or feed back
   */
  capacity_kw: number | null;
  /**
   * whether power can flow back, as from solar
   */
  can_be_negative: boolean;
}
/**
 * One measured value of one series at one event time.
 */
export interface Reading {
  /**
   * schema version of this message
   */
  version: number;
  /**
   * which series was measured; also the Kafka key
   */
  series: string;
  /**
   * when it was measured (event time)
   */
  time: string;
  /**
   * mean or momentary power; negative where power flows back
   */
  value: number;
  /**
   * unit of the value: kW and no other, said so that a slip is seen
   */
  unit: "kW";
  /**
   * quality code after ESPI; 0 is valid
   */
  quality: 0 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15 | 16 | 17 | 18 | 19;
  /**
   * 0 as first sent; a correction of the same series and time has a higher one
   */
  revision: number;
}
/**
 * The newest reading of a series. Frequent readings are thinned out.
 */
export interface ReadingDelta {
  type: "reading";
  /**
   * partition and offset in its topic
   *
   * @minItems 2
   * @maxItems 2
   */
  seq: [number, number];
  reading: Reading;
}
/**
 * A series' declaration has changed.
 */
export interface SeriesDelta {
  type: "series";
  /**
   * partition and offset in its topic
   *
   * @minItems 2
   * @maxItems 2
   */
  seq: [number, number];
  series: GridSeries;
}
/**
 * Verification of the forecasts of one horizon band that came due within the hour.
 */
export interface BandScore {
  /**
   * the band's nearest lead, included
   */
  from_minutes: number;
  /**
   * the band's farthest lead, not included
   */
  to_minutes: number;
  /**
   * which forecaster had answered
   */
  rung: "model" | "model-without-weather" | "seasonal-profile" | "population-profile" | "last-level";
  /**
   * which model had answered; null under a fallback
   */
  model: string | null;
  /**
   * which release of it
   */
  release: string | null;
  /**
   * it had answered in the champion's shadow, and was not published
   */
  challenger: boolean;
  /**
   * how many forecasts came due
   */
  count: number;
  /**
   * mean absolute error of the median
   */
  mae_kw: number;
  /**
   * mean error of the median; positive: forecast too high
   */
  bias_kw: number;
  /**
   * mean pinball loss over the levels
   */
  pinball_kw: number;
  /**
   * mean absolute error of the seasonal-naive forecast: the load of a week before (of a day before, where windows are shorter); null: not measured for all of them
   */
  naive_mae_kw: number | null;
  /**
   * share that fell inside the 90 % interval; null: the levels hold none
   */
  coverage_90: number | null;
  /**
   * share that would have, had nothing been calibrated
   */
  coverage_90_raw: number | null;
}
/**
 * Verification of the forecasts of one series that came due within one hour.
 *
 * In each horizon band a few leads are verified, which change from hour to hour. Since version 2
 * challengers are included, and so is the coverage without calibration.
 */
export interface Score {
  /**
   * schema version of this message
   */
  version: number;
  /**
   * which series; also the Kafka key
   */
  series: string;
  /**
   * when the hour begins
   */
  hour: string;
  /**
   * one entry a horizon band, and whoever had answered
   */
  bands: BandScore[];
}
/**
 * A resume position. Any gateway of the deployment understands it.
 */
export interface Place {
  /**
   * which topics these are; made anew, they begin anew
   */
  epoch: string;
  /**
   * for each kind of delta, the next offset of each of its partitions
   */
  seq: {
    [k: string]: number[];
  };
}
/**
 * Request an action on an alarm in your name (scope `acknowledge`).
 */
export interface Act {
  type: "act";
  /**
   * chosen by the client; the answer bears it
   */
  request: string;
  /**
   * which alarm
   */
  alarm: string;
  /**
   * what is to be done
   */
  action: "acknowledge" | "shelve" | "unshelve";
  /**
   * how long to shelve it; null with other actions
   */
  until: string | null;
  /**
   * why, in your words
   */
  note: string;
}
/**
 * Kafka has the command. The change of the alarm follows when a worker has executed it.
 */
export interface Acted {
  type: "acted";
  /**
   * which `act` this answers
   */
  request: string;
  /**
   * the name of the command on `load.commands`
   */
  command: string;
}
/**
 * The first message: your credentials. Send neither if the gateway is open.
 */
export interface Authenticate {
  type: "authenticate";
  /**
   * an API key
   */
  key: string | null;
  /**
   * a JSON Web Token
   */
  token: string | null;
}
/**
 * You have everything up to this position. Sent after a snapshot, and as a heartbeat.
 */
export interface Current {
  type: "current";
  /**
   * which subscription's snapshot is complete; null: a heartbeat
   */
  subscription: string | null;
  /**
   * which topics these are; made anew, they begin anew
   */
  epoch: string;
  /**
   * for each kind of delta, the next offset of each of its partitions
   */
  seq: {
    [k: string]: number[];
  };
  /**
   * the gateway's clock
   */
  time: string;
  /**
   * since when the gateway has heard nothing of Kafka; 0: it does
   */
  stale_s: number;
  /**
   * what does not work at the moment, in words
   */
  degraded: string[];
}
/**
 * The number of series that send readings.
 */
export interface FeedsAlive {
  /**
   * the grid's own time, of the newest tick; null: nothing is known yet
   */
  time: string | null;
  /**
   * how many series had readings in the last hours
   */
  known: number;
  /**
   * how many of them are not silent
   */
  alive: number;
  /**
   * without readings for longer, a series is silent (gateway_silent_minutes)
   */
  silent_after_minutes: number;
  /**
   * those that are silent, the longest first, at most 50
   */
  silent: SilentSeries[];
}
/**
 * The newest message of a key was deleted, for example because a series was removed.
 */
export interface Gone {
  type: "gone";
  /**
   * partition and offset in its topic
   *
   * @minItems 2
   * @maxItems 2
   */
  seq: [number, number];
  /**
   * A kind of data to subscribe to; also the type of its delta.
   */
  what: "series" | "forecast" | "alarm" | "score" | "reading";
  /**
   * which series or alarm
   */
  key: string;
}
/**
 * The state at a time in the past: what a new client would have been sent then.
 */
export interface Moment {
  /**
   * the moment, by the stamps that Kafka gave messages
   */
  at: string;
  /**
   * the messages of the protocol, in any order
   */
  messages: (SeriesDelta | ForecastDelta | ReadingDelta | AlarmDelta)[];
}
/**
 * The recent readings of a series: the mean of each slot that has any.
 */
export interface RecentPast {
  /**
   * which series
   */
  series: string;
  /**
   * unit of the means
   */
  unit: "kW";
  /**
   * width of one slot
   */
  step_minutes: number;
  /**
   * when each slot begins; those without readings are left out
   */
  time: string[];
  /**
   * the mean of the slot's readings
   */
  mean: number[];
  /**
   * the newest reading; null: none is known
   */
  newest: Reading | null;
}
/**
 * A request was refused. The connection stays open.
 */
export interface Refused {
  type: "refused";
  /**
   * its `request` or `subscription`; null where that could not be read
   */
  request: string | null;
  /**
   * why, for programs
   */
  because: "bad-message" | "forbidden" | "unknown-alarm" | "too-much" | "unavailable";
  /**
   * why, for people
   */
  detail: string;
}
/**
 * Former forecasts for each slot, made the given minutes before it ended.
 */
export interface SaidBefore {
  /**
   * which series
   */
  series: string;
  /**
   * unit of the medians
   */
  unit: "kW";
  /**
   * width of one slot
   */
  step_minutes: number;
  /**
   * how long before a slot ends the forecasts were made
   */
  ahead_minutes: number[];
  /**
   * when each slot begins; those with nothing are left out
   */
  time: string[];
  /**
   * for each of `ahead_minutes`, the median for each slot; null: not known
   */
  median: (number | null)[][];
}
/**
 * The newest score of a series.
 */
export interface ScoreDelta {
  type: "score";
  /**
   * partition and offset in its topic
   *
   * @minItems 2
   * @maxItems 2
   */
  seq: [number, number];
  score: Score;
}
/**
 * Request the current state of some series and all later changes.
 *
 * The series are those in `series`, those below one in `below` (itself included), and those of a
 * kind in `kinds`; with `all`, every series. It replaces a subscription of the same name.
 */
export interface Subscribe {
  type: "subscribe";
  /**
   * its name, chosen by the client
   */
  subscription: string;
  /**
   * what of these series
   */
  what: What[];
  /**
   * these
   */
  series: string[];
  /**
   * these and all that are parts of them
   */
  below: string[];
  /**
   * all of these kinds
   */
  kinds: SeriesKind[];
  /**
   * every series, and what belongs to none
   */
  all: boolean;
  /**
   * the newest place that a `current` gave; only what changed since is sent, or, where that is not known any more, all as without it
   */
  resume: Place | null;
}
/**
 * The temperature at a series' weather station, as known at one time.
 */
export interface Temperatures {
  /**
   * which series
   */
  series: string;
  /**
   * the station that its forecasts have the weather of; null: it has none
   */
  station: string | null;
  /**
   * unit of the temperatures
   */
  unit: "°C";
  /**
   * width of one slot
   */
  step_minutes: number;
  /**
   * what became available later is not in it (event time)
   */
  at: string;
  /**
   * when the forecast was issued; null: there is none
   */
  issued_at: string | null;
  /**
   * when each slot begins, rising; those of which nothing is known are left out
   */
  time: string[];
  /**
   * what was measured, in the middle of each slot; null: not known
   */
  measured: (number | null)[];
  /**
   * what the newest forecast says of it; null: not known
   */
  forecast: (number | null)[];
}
/**
 * End a subscription.
 */
export interface Unsubscribe {
  type: "unsubscribe";
  /**
   * which
   */
  subscription: string;
}
/**
 * Your identity and permissions, and the state of the gateway.
 */
export interface Welcome {
  type: "welcome";
  /**
   * which gateway this is: its host and process
   */
  gateway: string;
  /**
   * of gridcast
   */
  version: string;
  /**
   * its clock
   */
  time: string;
  /**
   * who you are; what you do is done in this name
   */
  who: string;
  /**
   * what you may do
   */
  scopes: Scope[];
  /**
   * the subtrees that you are limited to; none: no limit
   */
  below: string[];
  /**
   * whether it lets everybody in: a demonstration on one machine
   */
  open: boolean;
  /**
   * whoever has all is told so at least this often
   */
  heartbeat_s: number;
  /**
   * what does not work at the moment, in words
   */
  degraded: string[];
}
