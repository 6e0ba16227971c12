import { useMemo, useState } from "preact/hooks";
import { board, gridNow, link, pastEnds, seriesLink, zone } from "../app";
import { curvesOf, errors } from "../core/curves";
import { childrenOf, wayTo } from "../core/figures";
import { HOUR, howLong, MINUTE } from "../core/time";
import { lang } from "../edge/choices";
import { past as askPast, downloadCsv, forecastHistory } from "../edge/http";
import { sent } from "../texts/sent";
import { t } from "../texts/text";
import { Chart } from "./Chart";
import { linesOf } from "./chart/options";
import { useFetched } from "./fetched";
import { pastUntil, saidUntil } from "./moment";
import { SeriesAlarms } from "./SeriesAlarms";
import { SeriesFacts } from "./SeriesFacts";
import { TemperatureChart } from "./TemperatureChart";
import { Tiles } from "./Tiles";

const SAID = [60, 360, 1440];

export function SeriesPage({ series }: { series: string }) {
  const { board: known } = board.value;
  const about = known.series.get(series);
  const forecast = known.forecasts.get(series);
  const reading = known.readings.get(series);
  const tz = about?.time_zone ?? zone.value;
  const [said, setSaid] = useState<number[]>([60]);
  const [span, setSpan] = useState<[number, number] | null>(null);
  const newest = reading ? Math.floor(Date.parse(reading.time) / MINUTE) : 0;
  const fetched = useFetched(() => askPast(series), `${series} ${newest}`);
  const history = useFetched(() => forecastHistory(series), `${series} ${newest}`);
  const grid = gridNow.value;
  const then = pastEnds.value;
  const curves = useMemo(() => {
    const [past, said] = [fetched.value, history.value];
    if (then === null) return curvesOf(past, said, forecast);
    return curvesOf(past && pastUntil(past, then), said && saidUntil(said, then), forecast);
  }, [fetched.value, history.value, forecast, then]);
  const lines = useMemo(() => linesOf(curves, said), [curves, said]);
  const off = useMemo(() => [{ name: "error" as const, row: errors(curves, 60) }], [curves]);
  const parts = childrenOf(known, series).map((one) => one.series);
  const name = about?.name ?? series;
  const nothing = !forecast && !reading && !fetched.value && !about;
  const isUnknown = nothing && (fetched.missing || link.value.state !== "live");
  const isBare = fetched.missing || (fetched.value !== null && !curves.time.length);
  const shown = span ?? around(grid, curves.time);
  const axis = { curves, zone: tz, now: grid, span: shown, onSpan: setSpan };
  return (
    <article aria-labelledby="series-title">
      <div class="row">
        <Way series={series} name={name} />
        {!isUnknown && (
          <div class="tools">
            <Spans grid={grid} onSpan={setSpan} />
            <Downloads series={series} />
          </div>
        )}
      </div>
      {isUnknown ? (
        <p class="empty">{t("unknown_series", { series })}</p>
      ) : (
        <>
          <SeriesFacts about={about} forecast={forecast} reading={reading} zone={tz} />
          <section class="panel">
            {fetched.failed && !fetched.missing && (
              <p class="warn">{t("not_answered", { why: sent(fetched.failed).text })}</p>
            )}
            {isBare && <p class="dim">{t("no_past")}</p>}
            {curves.time.length > 0 && (
              <>
                <Chart of="load" lines={lines} height={340} label={t("chart_of", { name })} {...axis} />
                <Saids said={said} onSaid={setSaid} />
                <TemperatureChart series={series} at={then} {...axis} />
                <h3>{t("error_60")}</h3>
                <Chart of="error" lines={off} height={150} label={t("error_60")} {...axis} />
                <p class="dim help">{t("chart_help")}</p>
              </>
            )}
          </section>
          <SeriesAlarms series={series} zone={tz} />
          {parts.length > 0 && (
            <section aria-labelledby="parts-title">
              <h2 id="parts-title">{t("parts")}</h2>
              <Tiles series={parts} below={series} />
            </section>
          )}
        </>
      )}
    </article>
  );
}

/** The last day and the next: as far as the chart has both. */
function around(grid: number | null, time: number[]): [number, number] | null {
  const [first, last] = [time[0], time.at(-1)];
  if (grid === null || first === undefined || last === undefined) return null;
  return [Math.max(first, grid - 24 * HOUR), Math.min(last, grid + 24 * HOUR)];
}

function Way({ series, name }: { series: string; name: string }) {
  const { board: known } = board.value;
  const above = wayTo(known, series).slice(0, -1);
  return (
    <div class="way">
      <nav aria-label={t("where")}>
        <a href="#/">{t("overview")}</a>
        {above.map((one) => (
          <span key={one}>
            {" › "}
            <a href={seriesLink(one)}>{known.series.get(one)?.name ?? one}</a>
          </span>
        ))}
      </nav>
      <h1 id="series-title">
        {name} {name !== series && <small>{series}</small>}
      </h1>
    </div>
  );
}

function Spans(props: { grid: number | null; onSpan: (span: [number, number] | null) => void }) {
  const { grid, onSpan } = props;
  const both = (hours: number) => () => {
    if (grid !== null) onSpan([grid - hours * HOUR, grid + hours * HOUR]);
  };
  return (
    <fieldset class="spans">
      <legend class="unseen">{t("zoom")}</legend>
      {[6, 12].map((hours) => (
        <button key={hours} type="button" class="quiet" onClick={both(hours)}>
          ± {howLong(hours * HOUR, lang.value)}
        </button>
      ))}
      <button type="button" class="quiet" onClick={() => onSpan(null)}>
        {t("zoom_all")}
      </button>
    </fieldset>
  );
}

const FILES = ["past", "forecast"] as const;

function Downloads({ series }: { series: string }) {
  const [failed, setFailed] = useState("");
  const download = async (what: (typeof FILES)[number]) => {
    try {
      await downloadCsv(what, series);
      setFailed("");
    } catch (error) {
      setFailed(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <>
      {FILES.map((what) => (
        <button key={what} type="button" class="quiet" onClick={() => void download(what)}>
          {t(`download_${what}`)}
        </button>
      ))}
      {failed && (
        <span class="warn" role="status">
          {t("not_answered", { why: sent(failed).text })}
        </span>
      )}
    </>
  );
}

function Saids(props: { said: number[]; onSaid: (said: number[]) => void }) {
  return (
    <div class="saids">
      {SAID.map((minutes) => (
        <label key={minutes}>
          <input
            type="checkbox"
            checked={props.said.includes(minutes)}
            onChange={(event) =>
              props.onSaid(
                SAID.filter((one) =>
                  one === minutes ? event.currentTarget.checked : props.said.includes(one),
                ),
              )
            }
          />
          {t(`said_${minutes}` as "said_60")}
        </label>
      ))}
    </div>
  );
}
