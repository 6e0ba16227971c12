import { arrived, drawn, feeds, gridNow, keptFrom, link, now, retry, travelledTo, zone } from "../app";
import { type Notice, notices } from "../core/staleness";
import { clockSeconds, howLong, shortMoment } from "../core/time";
import { lang } from "../edge/choices";
import { sent } from "../texts/sent";
import { t } from "../texts/text";

/** What is old, and since when. */
export function Notices() {
  drawn.value;
  const { state, heardAt, current, retryAt } = link.value;
  if (travelledTo.value !== null) return null;
  const found = notices({
    now: now.value,
    state,
    heardAt,
    keptFrom: keptFrom.value,
    staleS: current?.stale_s ?? 0,
    degraded: current?.degraded ?? [],
    arrived: arrived(),
    gridNow: gridNow.value,
    feeds: feeds.value,
  });
  const wait = retryAt - now.value;
  return (
    <div class="notices" role="status">
      {found.map((notice) => (
        <p key={notice.kind} class={notice.loud ? "notice loud" : "notice"} data-kind={notice.kind}>
          <svg class="bang" viewBox="0 0 20 20" aria-hidden="true">
            <path d="M10 1.500L19 18H1z" />
            <path d="M10 7v5M10 14.200v1.600" />
          </svg>
          <span>{said(notice)}</span>
          {(notice.kind === "no_connection" || notice.kind === "last_known") && (
            <>
              {state === "waiting" && wait > 1000 && (
                <span class="dim">{t("retrying", { long: howLong(wait, lang.value) })}</span>
              )}
              <button type="button" class="quiet" onClick={retry}>
                {t("retry_now")}
              </button>
            </>
          )}
        </p>
      ))}
    </div>
  );
}

function said(notice: Notice): string {
  const long = (ms: number) => howLong(ms, lang.value);
  const at = (ms: number) => clockSeconds(ms, zone.value);
  switch (notice.kind) {
    case "last_known":
      return t("last_known", { time: shortMoment(notice.since, zone.value, lang.value) });
    case "no_connection":
    case "forecasts_old":
    case "readings_old":
      return t(notice.kind, { time: at(notice.since), long: long(now.value - notice.since) });
    case "kafka_silent":
      return t("kafka_silent", { long: long(notice.seconds * 1000) });
    case "feeds_dead": {
      const { known, alive, silent } = notice.feeds;
      const names = silent.slice(0, 3).map((one) => one.series);
      const more = known - alive - names.length;
      const listed = names.join(", ") + (more > 0 ? ` ${t("and_more", { count: more })}` : "");
      return t("feeds_dead", { count: known - alive, known, names: listed });
    }
    case "degraded":
      return t("degraded", { what: notice.what.map((one) => sent(one).text).join("; ") });
    case "replay":
      return t("replay", { long: long(notice.behind) });
  }
}
