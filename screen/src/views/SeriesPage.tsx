import { useMemo, useState } from "preact/hooks";
import { board, gridNow, link, seriesLink, travelledTo, zone } from "../app";
import { curvesOf, errors } from "../core/curves";
import { childrenOf, wayTo } from "../core/figures";
import { HOUR, MINUTE, howLong } from "../core/time";
import { lang } from "../edge/choices";
import { downloadCsv, past as askPast, said as askSaid } from "../edge/http";
import { sent } from "../texts/sent";
import { t } from "../texts/text";
import { Chart } from "./Chart";
import { SeriesAlarms } from "./SeriesAlarms";
import { SeriesFacts } from "./SeriesFacts";
import { TemperatureChart } from "./TemperatureChart";
import { Tiles } from "./Tiles";
import { linesOf } from "./chart/options";
import { useFetched } from "./fetched";
import { pastUntil, saidUntil } from "./moment";

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
  const told = useFetched(() => askSaid(series), `${series} ${newest}`);
  const grid = gridNow.value;
  const then = travelledTo.value === null ? null : (grid ?? travelledTo.value);
  const curves = useMemo(() => {
    const [past, said] = [fetched.value, told.value];
    if (then === null) return curvesOf(past, said, forecast);
    return curvesOf(past && pastUntil(past, then), said && saidUntil(said, then), forecast);
  }, [fetched.value, told.value, forecast, then]);
  const lines = useMemo(() => linesOf(curves, said), [curves, said]);
  const off = useMemo(() => [{ name: "error" as const, row: errors(curves, 60) }], [curves]);
  const parts = childrenOf(known, series).map((one) => one.series);
  const name = about?.name ?? series;
  const nothing = !forecast && !reading && !fetched.value && !about;
  const shown = span ?? around(grid, curves.time);
  return (
    <article aria-labelledby="series-title">
      <div class="row">
        <Way series={series} name={name} />
        <div class="tools">
          <Spans grid={grid} onSpan={setSpan} />
          <button type="button" class="quiet" onClick={() => void downloadCsv("past", series)}>
            {t("download_past")}
          </button>
          <button type="button" class="quiet" onClick={() => void downloadCsv("forecast", series)}>
            {t("download_forecast")}
          </button>
        </div>
      </div>
      {nothing && (fetched.missing || link.value.state !== "live") ? (
        <p class="empty">{t("unknown_series", { series })}</p>
      ) : (
        <>
          <SeriesFacts about={about} forecast={forecast} reading={reading} zone={tz} />
          <section class="panel">
            <Chart
              of="load"
              curves={curves}
              lines={lines}
              zone={tz}
              now={grid}
              height={340}
              label={t("chart_of", { name })}
              span={shown}
              onSpan={setSpan}
            />
            <Saids said={said} onSaid={setSaid} />
            {fetched.failed && !fetched.missing && (
              <p class="warn">{t("not_answered", { why: sent(fetched.failed).text })}</p>
            )}
            {fetched.missing && <p class="dim">{t("no_past")}</p>}
            <TemperatureChart
              series={series}
              at={then}
              curves={curves}
              zone={tz}
              now={grid}
              span={shown}
              onSpan={setSpan}
            />
            <h3>{t("error_60")}</h3>
            <Chart
              of="error"
              curves={curves}
              lines={off}
              zone={tz}
              now={grid}
              height={150}
              label={t("error_60")}
              span={shown}
              onSpan={setSpan}
            />
            <p class="dim help">{t("chart_help")}</p>
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
