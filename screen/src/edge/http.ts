// What the gateway answers over plain HTTP.

import type { Credentials } from "../core/session";
import type { FeedsAlive, Moment, RecentPast, SaidBefore, Temperatures } from "../core/wire";

export class Unanswered extends Error {
  constructor(
    readonly status: number,
    text: string,
  ) {
    super(text);
  }
}

let credentials: Credentials = {};

export function askAs(given: Credentials): void {
  credentials = given;
}

async function get(path: string): Promise<Response> {
  const secret = Object.values(credentials)[0] as string | undefined;
  const headers = secret ? { Authorization: `Bearer ${secret}` } : undefined;
  const asked = fetch(new URL(path, document.baseURI), headers ? { headers } : {});
  const answer = await asked.catch(() => {
    // Every browser has words of its own for it.
    throw new Unanswered(0, "it cannot be reached");
  });
  if (!answer.ok) throw new Unanswered(answer.status, (await answer.text()).trim());
  return answer;
}

const ask = async <Answer>(path: string) => (await (await get(path)).json()) as Answer;

const of = (series: string) => `series=${encodeURIComponent(series)}`;

export const past = (series: string) => ask<RecentPast>(`v1/past?${of(series)}`);
export const forecastHistory = (series: string) => ask<SaidBefore>(`v1/forecast-history?${of(series)}`);
/** What was known of the temperature at a time of the grid; null: of its newest tick. */
export const temperature = (series: string, at: number | null) =>
  ask<Temperatures>(`v1/temperature?${of(series)}${at === null ? "" : `&at=${new Date(at).toISOString()}`}`);
export const feeds = () => ask<FeedsAlive>("v1/feeds");

/** How everything stood at a moment; of a series that is looked at, its parts too. */
export function moment(at: number, series: string | null): Promise<Moment> {
  const parts = series === null ? "" : `&${of(series)}`;
  return ask<Moment>(`v1/moment?at=${new Date(at).toISOString()}${parts}`);
}

/** A file of the recent past; through a blob, because a link bears no credentials. */
export async function downloadCsv(what: "past" | "forecast", series: string): Promise<void> {
  const answer = await get(`v1/${what}?${of(series)}&format=csv`);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = `${series}-${what}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
