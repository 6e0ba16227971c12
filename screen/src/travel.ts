// Time travel: the screen as it stood at another moment, from the topics, and played from there.

import { signal } from "@preact/signals";
import { now, route, showMoment, travelledTo } from "./app";
import { Board } from "./core/board";
import type { Delta } from "./core/session";
import { DAY, MINUTE } from "./core/time";
import { moment } from "./edge/http";

/** How far back the slider may reach; the gateway knows eight days. */
export const REACHES = [DAY, 8 * DAY];
const FARTHEST = 8 * DAY - 5 * MINUTE;
const SETTLE_MS = 250;
const PLAY_EVERY_MS = 1000;

export const open = signal(false);
export const reading = signal(false);
export const failed = signal("");
export const reach = signal(DAY);
/** The first moment that the slider has. */
export const earliest = () => now.value - Math.min(reach.value, FARTHEST);
/** How much faster than life it plays; null: it stands. */
export const playing = signal<number | null>(null);

let settle: ReturnType<typeof setTimeout> | undefined;
let asked = 0;

/** Go to a moment, once the slider has come to rest. */
export function travel(at: number): void {
  travelledTo.value = Math.min(at, Date.now() - MINUTE);
  clearTimeout(settle);
  settle = setTimeout(() => void look(), SETTLE_MS);
}

async function look(): Promise<void> {
  const at = travelledTo.peek();
  if (at === null) return;
  asked += 1;
  const mine = asked;
  reading.value = true;
  failed.value = "";
  try {
    const page = route.peek();
    const found = await moment(at, page.page === "series" ? page.series : null);
    if (mine !== asked || travelledTo.peek() === null) return;
    const board = new Board();
    for (const message of found.messages) board.take(message as Delta, at);
    showMoment(at, board);
  } catch (error) {
    if (mine === asked) failed.value = error instanceof Error ? error.message : String(error);
  } finally {
    if (mine === asked) reading.value = false;
  }
}

export function toNow(): void {
  asked += 1;
  clearTimeout(settle);
  open.value = false;
  playing.value = null;
  reading.value = false;
  failed.value = "";
  showMoment(null);
}

export function depart(): void {
  open.value = true;
  travel(now.peek() - 10 * MINUTE);
}

setInterval(() => {
  const at = travelledTo.peek();
  const times = playing.peek();
  if (at === null || times === null || reading.peek()) return;
  const next = at + times * PLAY_EVERY_MS;
  if (next >= Date.now() - MINUTE) toNow();
  else {
    travelledTo.value = next;
    void look();
  }
}, PLAY_EVERY_MS);
