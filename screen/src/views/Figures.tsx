import type { ComponentChildren } from "preact";
import { board, feeds, gridNow, link, now, travelledTo, zone } from "../app";
import { peak, shelfOf, skill, total } from "../core/figures";
import { clockTime, howLong } from "../core/time";
import { lang } from "../edge/choices";
import { amount, load, percent, priorityName, rungName, signed, t, unitFor } from "../texts/text";
import { PriorityMark } from "./icons";

/** What somebody at 3 a.m. sees first. */
export function Figures() {
  return (
    <section class="figures" aria-label={t("whole_grid")}>
      <LoadNow />
      <PeakAhead />
      <FeedsAlive />
      <Alarms />
      <Forecaster />
      <Ages />
    </section>
  );
}

function Figure(props: { name: string; id: string; abnormal?: boolean; children: ComponentChildren }) {
  return (
    <div class={props.abnormal ? "figure abnormal" : "figure"} data-figure={props.id}>
      <h2>{props.name}</h2>
      {props.children}
    </div>
  );
}

function Big({ kw }: { kw: number }) {
  const unit = unitFor(kw);
  return (
    <p class="big">
      {amount(kw, unit)} <small>{unit.name}</small>
    </p>
  );
}

function LoadNow() {
  const found = total(board.value.board);
  if (!found) {
    return (
      <Figure name={t("load_now")} id="load">
        <p class="big none">–</p>
        <p class="dim">{t("no_reading")}</p>
      </Figure>
    );
  }
  const { kw, band, measured, of } = found;
  const side = !band ? null : kw > band.high ? "above_band" : kw < band.low ? "below_band" : "within_band";
  return (
    <Figure name={t("load_now")} id="load" abnormal={side !== null && side !== "within_band"}>
      <Big kw={kw} />
      <p class="dim">
        {!band || !side
          ? t("no_forecast")
          : `${t("of_forecast", { share: signed((kw - band.mid) / band.mid, 1) })}, ${t(side)}`}
      </p>
      {measured < of && <p class="warn">{t("measured_of", { count: measured, of })}</p>}
    </Figure>
  );
}

function PeakAhead() {
  const grid = gridNow.value;
  const found = grid === null ? null : peak(board.value.board, grid, zone.value);
  return (
    <Figure name={t(found?.tomorrow ? "peak_tomorrow" : "peak_today")} id="peak">
      {found ? (
        <>
          <Big kw={found.band.mid} />
          <p class="dim">
            {t("at_time", { time: clockTime(found.time, zone.value) })},{" "}
            {t("interval_90", {
              low: amount(found.band.low, unitFor(found.band.mid)),
              high: load(found.band.high, unitFor(found.band.mid)),
            })}
          </p>
        </>
      ) : (
        <>
          <p class="big none">–</p>
          <p class="dim">{t("no_forecast")}</p>
        </>
      )}
    </Figure>
  );
}

function FeedsAlive() {
  // Who is silent now says nothing of another moment.
  const known = travelledTo.value === null ? feeds.value : null;
  if (!known?.known) {
    return (
      <Figure name={t("feeds_alive")} id="feeds">
        <p class="big none">–</p>
        <p class="dim">{t(travelledTo.value === null ? "no_reading" : "not_kept")}</p>
      </Figure>
    );
  }
  const silent = known.known - known.alive;
  const long = howLong(known.silent_after_minutes * 60_000, lang.value);
  return (
    <Figure name={t("feeds_alive")} id="feeds" abnormal={silent > 0}>
      <p class="big">{floored(known.alive / known.known)}</p>
      <p class="dim">{t("feeds_of", { alive: known.alive, known: known.known })}</p>
      <p class={silent ? "warn" : "dim"}>
        {silent ? t("feeds_silent", { count: silent, long }) : t("feeds_all")}
      </p>
    </Figure>
  );
}

/** 999 of 1000 is not 100 %. */
const floored = (share: number) => percent(Math.floor(share * 1000) / 1000, share === 1 ? 0 : 1);

function Alarms() {
  const active = [...board.value.board.alarms.values()].filter((one) => shelfOf(one) === "active");
  const unseen = active.filter((one) => one.acknowledged_at === null).length;
  return (
    <Figure name={t("alarms_active")} id="alarms">
      <a class="by-priority" href="#/alarms">
        {(["high", "medium", "low"] as const).map((priority) => {
          const count = active.filter((one) => one.priority === priority).length;
          return (
            <span key={priority} class={count ? "one" : "one none"} data-priority={priority}>
              <b>{count}</b>
              <span>
                {count > 0 && <PriorityMark priority={priority} />} {priorityName(priority)}
              </span>
            </span>
          );
        })}
      </a>
      <p class="dim">
        {!active.length ? t("no_alarms") : unseen ? t("unseen", { count: unseen }) : t("all_seen")}
      </p>
    </Figure>
  );
}

function Forecaster() {
  const found = skill(board.value.board);
  const all = found.rungs.reduce((sum, one) => sum + one.count, 0);
  const [first] = found.rungs;
  return (
    <Figure name={t("model")} id="model">
      {first ? (
        <>
          <p class="big words">{found.models[0] ?? rungName(first.rung)}</p>
          <p class="dim">
            {found.rungs.map(({ rung, count }) => `${rungName(rung)} ${percent(count / all)}`).join(", ")}
          </p>
        </>
      ) : (
        <p class="big none">–</p>
      )}
      <p class="dim">{verified(found.skill, found.coverage)}</p>
    </Figure>
  );
}

function verified(better: number | null, coverage: number | null): string {
  const parts = [];
  if (better !== null) {
    parts.push(t(better >= 0 ? "skill" : "skill_worse", { skill: percent(Math.abs(better)) }));
  }
  if (coverage !== null) parts.push(t("coverage", { share: percent(coverage) }));
  return parts.join("; ") || t("not_verified");
}

function Ages() {
  const { board: known } = board.value;
  const grid = gridNow.value;
  const newest = (times: string[]) => (times.length ? Math.max(...times.map(Date.parse)) : null);
  const reading = newest([...known.readings.values()].map((one) => one.time));
  const forecast = newest([...known.forecasts.values()].map((one) => one.tick));
  const heard = link.value.heardAt;
  const old = (at: number | null, than: number | null) =>
    at === null || than === null ? t("never") : howLong(than - at, lang.value);
  return (
    <Figure name={t("age")} id="age">
      <dl class="ages">
        <dt>{t("age_reading")}</dt>
        <dd>{old(reading, grid)}</dd>
        <dt>{t("age_forecast")}</dt>
        <dd>{old(forecast, grid)}</dd>
        {travelledTo.value === null && (
          <>
            <dt>{t("age_heard")}</dt>
            <dd>{old(heard, now.value)}</dd>
          </>
        )}
      </dl>
    </Figure>
  );
}
