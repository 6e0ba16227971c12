// The client's side of gridcast.v1, without a socket: told what happened, it says what to do.

import type {
  Act,
  Acted,
  Alarm,
  AlarmDelta,
  Current,
  ForecastDelta,
  Gone,
  Place,
  ReadingDelta,
  Refused,
  ScoreDelta,
  SeriesDelta,
  Subscribe,
  Welcome,
} from "./wire";

export type Delta = SeriesDelta | ForecastDelta | AlarmDelta | ScoreDelta | ReadingDelta | Gone;
type ServerMessage = Delta | Welcome | Current | Acted | Refused;
export type Wanted = Pick<Subscribe, "subscription"> & Partial<Omit<Subscribe, "type" | "resume">>;
export type Credentials = { key: string } | { token: string } | Record<string, never>;

/** Where a conversation stands. `refused`: not again with these credentials. */
export type State = "connecting" | "authenticating" | "live" | "waiting" | "refused";
export type Next = "connect" | "close" | null;

/** What a message meant, beside what is to be said in return. */
export interface Heard {
  say: string[];
  deltas: Delta[];
  /** Which subscription has its snapshot now. */
  complete: string | null;
  /** The topics were made anew: what was known is of others. */
  anew: boolean;
  answer: Acted | Refused | null;
}

interface Subscription {
  wanted: Wanted;
  /** Up to where it has everything; null: its snapshot has not come whole yet. */
  place: Place | null;
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
const OPEN_WITHIN_MS = 10_000;
/** Until `welcome` says: a gateway is silent for no longer than twice this. */
const HEARTBEAT_S = 10;
const AGAIN_IN_A_MINUTE = 4429;
const NOT_AGAIN = new Set([4401, 4403]);

export class Session {
  state: State = "waiting";
  /** Since when it is in this state. */
  since: number;
  /** Why the last connection ended. */
  ended: { code: number; reason: string } | null = null;
  welcome: Welcome | null = null;
  /** The gateway's newest word on itself. */
  current: Current | null = null;
  /** When anything was last heard. */
  heardAt: number | null = null;
  retryAt: number;
  epoch: string | null = null;
  private subscriptions = new Map<string, Subscription>();
  private failures = 0;
  private requests = 0;

  constructor(
    private credentials: Credentials,
    now: number,
    private random: () => number = Math.random,
  ) {
    this.since = now;
    this.retryAt = now;
  }

  /** What the edge is to do now. */
  look(now: number): Next {
    if (this.state === "waiting") return now >= this.retryAt ? "connect" : null;
    if (this.state === "refused") return null;
    const quietSince = Math.max(this.since, this.heardAt ?? 0);
    const limit = this.state === "live" ? 2000 * this.heartbeat_s : OPEN_WITHIN_MS;
    return now - quietSince > limit ? "close" : null;
  }

  get heartbeat_s(): number {
    return this.welcome?.heartbeat_s ?? HEARTBEAT_S;
  }

  connecting(now: number): void {
    this.enter("connecting", now);
  }

  opened(now: number): string[] {
    this.enter("authenticating", now);
    return [JSON.stringify({ type: "authenticate", ...this.credentials })];
  }

  closed(code: number, reason: string, now: number): void {
    this.ended = { code, reason };
    if (NOT_AGAIN.has(code)) {
      this.enter("refused", now);
      return;
    }
    // One that stops in good order has others beside it, or is back soon.
    const wait = Math.min(FIRST_WAIT_MS * 2 ** this.failures, LONGEST_WAIT_MS);
    this.failures += 1;
    // Ten thousand screens that lost one gateway are not to come back in one moment.
    const spread = wait * (0.5 + this.random() / 2);
    this.retryAt = now + (code === AGAIN_IN_A_MINUTE ? 60_000 : spread);
    this.enter("waiting", now);
  }

  /** Connect now, whatever the wait. */
  hurry(now: number): void {
    if (this.state === "waiting") this.retryAt = now;
  }

  /** Go on as somebody else. */
  authenticate(credentials: Credentials, now: number): void {
    this.credentials = credentials;
    this.failures = 0;
    this.retryAt = now;
    this.enter("waiting", now);
  }

  subscribe(wanted: Wanted): string[] {
    const same = this.subscriptions.get(wanted.subscription);
    if (same && JSON.stringify(same.wanted) === JSON.stringify(wanted)) return [];
    this.subscriptions.set(wanted.subscription, { wanted, place: null });
    return this.state === "live" ? [this.subscribing(wanted.subscription)] : [];
  }

  unsubscribe(subscription: string): string[] {
    if (!this.subscriptions.delete(subscription) || this.state !== "live") return [];
    return [JSON.stringify({ type: "unsubscribe", subscription })];
  }

  act(alarm: Alarm["alarm"], action: Act["action"], until: string | null, note = "") {
    const request = `r-${++this.requests}`;
    const said: Act = { type: "act", request, alarm, action, until, note };
    return { request, say: [JSON.stringify(said)] };
  }

  heard(text: string, now: number): Heard {
    this.heardAt = now;
    const heard: Heard = { say: [], deltas: [], complete: null, anew: false, answer: null };
    const message = JSON.parse(text) as ServerMessage;
    switch (message.type) {
      case "welcome":
        this.welcome = message;
        this.failures = 0;
        this.ended = null;
        this.enter("live", now);
        heard.say = [...this.subscriptions.keys()].map((name) => this.subscribing(name));
        break;
      case "current":
        this.note(message, heard);
        break;
      case "acted":
      case "refused":
        heard.answer = message;
        break;
      case "series":
      case "forecast":
      case "alarm":
      case "score":
      case "reading":
      case "gone":
        heard.deltas = [message];
        break;
      default: // of a newer gateway
    }
    return heard;
  }

  private note(current: Current, heard: Heard): void {
    heard.anew = this.epoch !== null && this.epoch !== current.epoch;
    this.epoch = current.epoch;
    this.current = current;
    const place: Place = { epoch: current.epoch, seq: current.seq };
    if (current.subscription !== null) {
      const own = this.subscriptions.get(current.subscription);
      if (own) own.place = place;
      heard.complete = current.subscription;
      return;
    }
    // A heartbeat tells nothing of a snapshot that is still on its way.
    for (const own of this.subscriptions.values()) if (own.place !== null) own.place = place;
  }

  private subscribing(name: string): string {
    const own = this.subscriptions.get(name);
    const resume = own?.place ? { resume: own.place } : {};
    return JSON.stringify({ type: "subscribe", ...own?.wanted, ...resume });
  }

  private enter(state: State, now: number): void {
    if (state !== this.state) this.since = now;
    this.state = state;
  }
}
