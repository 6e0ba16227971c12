// The state of the page: what is known, what is looked at, what is old. Views read it, and ask it.

import { batch, computed, effect, signal } from "@preact/signals";
import { Board } from "./core/board";
import { gridTime, roots } from "./core/figures";
import { type Credentials, type Heard, Session } from "./core/session";
import type { Acted, Alarm, FeedsAlive, Refused } from "./core/wire";
import { credentials, keepCredentials, sound } from "./edge/choices";
import { Connection } from "./edge/connection";
import { askAs, feeds as askFeeds } from "./edge/http";
import { recall, remember } from "./edge/memory";
import { chime } from "./edge/sound";

const UPPER = ["zone", "substation", "feeder"] as const;
/** Of all that comes, the page is drawn anew at most so often. */
const DRAW_EVERY_MS = 250;
const REMEMBER_EVERY_MS = 10_000;
const FEEDS_EVERY_MS = 5_000;
const MOST_PARTS = 300;
/** A browser is not to be sent a hundred thousand forecasts a minute. */
const MOST_UNDECLARED = 2_000;

const session = new Session(credentials(), Date.now());
const live = new Board();
/** The board that is shown: the live one, or one of another moment. */
export const shown = signal<Board>(live);
/** Grows when there is something new to draw. */
export const drawn = signal(0);
export const now = signal(Date.now());
export const route = signal(readRoute());
/** The first snapshot has come, or the last known state was read. */
export const loaded = signal(false);
/** What is shown was kept from then; null: it comes from a gateway. */
export const keptFrom = signal<number | null>(null);
export const feeds = signal<FeedsAlive | null>(null);
/** What became of what somebody wanted done about an alarm. */
export const doing = signal<ReadonlyMap<string, Doing>>(new Map());
/** SaidBefore aloud to who does not see the page. */
export const announced = signal("");
/** The moment that is shown, when it is not now. */
export const travelledTo = signal<number | null>(null);

export interface Doing {
  state: "sent" | "not-sent" | "not-done" | "waiting";
  why: string;
  since: number;
}

export type Route = { page: "overview" } | { page: "alarms" } | { page: "series"; series: string };

const url = new URL("v1", document.baseURI);
url.protocol = url.protocol.replace("http", "ws");
const connection = new Connection(session, url.href, hear, draw);

/** The board, read anew whenever something came. */
export const board = computed(() => {
  drawn.value;
  return { board: shown.value };
});
export const link = computed(() => {
  drawn.value;
  now.value;
  return {
    state: session.state,
    since: session.since,
    ended: session.ended,
    retryAt: session.retryAt,
    welcome: session.welcome,
    current: session.current,
    heardAt: session.heardAt,
  };
});
/** The newest that is known of the grid's own time. */
export const gridNow = computed(() => gridTime(board.value.board));
export const zone = computed(() => {
  const first = roots(board.value.board)[0];
  return first?.time_zone ?? "UTC";
});
/** Up to when the past is shown; null: to now. Of a moment at which nothing had come yet, nothing. */
export const pastEnds = computed(() => (travelledTo.value === null ? null : (gridNow.value ?? 0)));
export const arrived = () => live.arrived;
export const mayAct = computed(
  () => travelledTo.value === null && (link.value.welcome?.scopes.includes("acknowledge") ?? false),
);

let pending = false;

function draw(): void {
  if (pending) return;
  pending = true;
  setTimeout(() => {
    pending = false;
    batch(() => {
      now.value = Date.now();
      drawn.value += 1;
    });
  }, DRAW_EVERY_MS);
}

function hear(heard: Heard): void {
  if (heard.anew) live.clear();
  if (keptFrom.peek() !== null && (heard.deltas.length || heard.complete)) {
    live.clear();
    keptFrom.value = null;
  }
  for (const delta of heard.deltas) {
    const before = delta.type === "alarm" ? live.alarms.get(delta.alarm.alarm) : undefined;
    if (live.take(delta, Date.now()) && delta.type === "alarm") noticed(delta.alarm, before);
  }
  if (heard.complete === "grid") {
    loaded.value = true;
    setTimeout(keep, 1000);
    void lookAtFeeds();
  }
  if (heard.answer) answered(heard.answer);
  draw();
}

/** Where nobody declared a zone or a feeder, there is nothing to begin with but everything. */
function subscribeToAll(count: number): void {
  if (!loaded.peek() || live.series.size || live.forecasts.size) return;
  if (!count || count > MOST_UNDECLARED) return;
  connection.subscribe({
    subscription: "grid",
    what: ["series", "forecast", "reading", "score"],
    all: true,
  });
}

function noticed(alarm: Alarm, before: Alarm | undefined): void {
  const mine = new Map(doing.peek());
  if (mine.delete(alarm.alarm)) doing.value = mine;
  const isNew = !before || alarm.change === "re-alarmed";
  if (!loaded.peek() || !isNew || !alarm.active || alarm.acknowledged_at !== null) return;
  newAlarm.value = alarm;
  if (alarm.priority === "high" && sound.value === "on") chime();
}

export const newAlarm = signal<Alarm | null>(null);

const asked = new Map<string, string>();

export function act(alarm: string, action: "acknowledge" | "shelve" | "unshelve", until?: number) {
  if (session.state !== "live") {
    doing.value = new Map(doing.peek()).set(alarm, { state: "not-sent", why: "", since: Date.now() });
    return;
  }
  const { request, say } = session.act(
    alarm,
    action,
    until === undefined ? null : new Date(until).toISOString(),
  );
  asked.set(request, alarm);
  doing.value = new Map(doing.peek()).set(alarm, { state: "sent", why: "", since: Date.now() });
  connection.say(say);
  setTimeout(() => {
    const still = doing.peek().get(alarm);
    if (still?.state !== "sent") return;
    doing.value = new Map(doing.peek()).set(alarm, { ...still, state: "waiting" });
  }, 15_000);
}

function answered(answer: Acted | Refused): void {
  const alarm = answer.request === null ? undefined : asked.get(answer.request);
  if (answer.request !== null) asked.delete(answer.request);
  if (answer.type !== "refused" || !alarm) return;
  const refused: Doing = { state: "not-done", why: answer.detail, since: Date.now() };
  doing.value = new Map(doing.peek()).set(alarm, refused);
}

export function signIn(given: Credentials): void {
  keepCredentials(given);
  askAs(given);
  session.authenticate(given, Date.now());
  draw();
}

export function retry(): void {
  session.hurry(Date.now());
}

function readRoute(): Route {
  const [page, ...rest] = location.hash.replace(/^#\/?/, "").split("/");
  if (page === "alarms") return { page };
  const series = decodeURIComponent(rest.join("/"));
  return page === "series" && series ? { page, series } : { page: "overview" };
}

export const seriesLink = (series: string) => `#/series/${encodeURIComponent(series)}`;

/** A series and its parts are subscribed to for as long as they are looked at. */
function follow(): void {
  const { value } = route;
  if (!loaded.value) return;
  if (value.page === "series") {
    // Of what is above the feeders, the parts are known; their meters would be thousands.
    const kind = live.series.get(value.series)?.kind ?? "meter";
    const isHigh = kind === "zone" || kind === "substation";
    connection.subscribe({
      subscription: "looked-at",
      what: ["series", "forecast", "reading", "score"],
      ...(isHigh ? { series: [value.series] } : { below: [value.series] }),
    });
    return;
  }
  connection.unsubscribe("looked-at");
  if (!live.series.size) return;
  const isUpper = (one: string) => (live.series.get(one)?.kind ?? "meter") !== "meter";
  const hasUpper = [...live.series.keys()].some(isUpper);
  if (hasUpper || live.forecasts.size > MOST_PARTS) live.forget(isUpper);
}

function keep(): void {
  if (session.state !== "live" || !loaded.peek() || keptFrom.peek() !== null) return;
  void remember({ at: Date.now(), board: live.keep() });
}

async function lookAtFeeds(): Promise<void> {
  if (session.state !== "live" || document.hidden) return;
  try {
    feeds.value = await askFeeds();
    subscribeToAll(feeds.value.known);
  } catch {
    // What was known stays; the connection's own state says what is wrong.
  }
}

export async function start(): Promise<void> {
  askAs(credentials());
  addEventListener("hashchange", () => {
    route.value = readRoute();
    document.getElementById("content")?.focus();
    scrollTo(0, 0);
  });
  connection.subscribe({
    subscription: "grid",
    what: ["series", "forecast", "reading", "score"],
    kinds: [...UPPER],
  });
  connection.subscribe({ subscription: "alarms", what: ["alarm"], all: true });
  effect(follow);
  connection.start();
  setInterval(() => {
    now.value = Date.now();
  }, 1000);
  setInterval(() => void lookAtFeeds(), FEEDS_EVERY_MS);
  setInterval(keep, REMEMBER_EVERY_MS);
  const kept = await recall();
  if (kept && !loaded.peek() && !live.forecasts.size) {
    live.restore(kept.board);
    batch(() => {
      keptFrom.value = kept.at;
      loaded.value = true;
    });
    draw();
  }
}

/** Show a board of another moment, or (null) the live one again. */
export function showMoment(at: number | null, moment?: Board): void {
  batch(() => {
    travelledTo.value = at;
    shown.value = at === null || !moment ? live : moment;
  });
}
