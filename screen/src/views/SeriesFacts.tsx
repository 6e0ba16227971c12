import type { ComponentChildren } from "preact";
import { gridNow } from "../app";
import { deviation } from "../core/figures";
import { clockTime, howLong, shortMoment } from "../core/time";
import type { Forecast, GridSeries, Reading } from "../core/wire";
import { lang } from "../edge/choices";
import { sent } from "../texts/sent";
import { amount, load, percent, rungName, signed, t, unitFor } from "../texts/text";

interface Props {
  about: GridSeries | undefined;
  forecast: Forecast | undefined;
  reading: Reading | undefined;
  zone: string;
}

/** Half measured or less: nobody should take the forecast for more than it is. */
const LITTLE = 0.5;

/** What the forecast was made of, and how the newest reading stands to it. */
export function SeriesFacts({ about, forecast, reading, zone }: Props) {
  const off = deviation(reading, forecast);
  const grid = gridNow.value;
  const outside = off !== null && Math.abs(off.distance) > 1;
  const side = !off
    ? null
    : off.distance > 1
      ? "above_band"
      : off.distance < -1
        ? "below_band"
        : "within_band";
  return (
    <dl class="facts">
      <Fact name={t("load_now")} abnormal={outside}>
        <b>{reading ? load(reading.value) : "–"}</b>
        {off?.share != null && <span>{t("of_forecast", { share: signed(off.share, 1) })}</span>}
        {side && <span class={outside ? "warn" : ""}>{t(side)}</span>}
      </Fact>
      {off && (
        <Fact name={t("forecast")}>
          <b>{load(off.band.mid)}</b>
          <span>
            {t("interval_90", {
              low: amount(off.band.low, unitFor(off.band.mid)),
              high: load(off.band.high, unitFor(off.band.mid)),
            })}
          </span>
        </Fact>
      )}
      <Fact name={t("newest_reading")}>
        <b>{reading ? clockTime(Date.parse(reading.time), zone) : "–"}</b>
        {reading && grid !== null && (
          <span>{t("ago", { long: howLong(grid - Date.parse(reading.time), lang.value) })}</span>
        )}
      </Fact>
      {forecast && <Made forecast={forecast} zone={zone} />}
      {about?.capacity_kw != null && (
        <Fact name={t("capacity")}>
          <b>{load(about.capacity_kw)}</b>
          {reading && <span>{percent(reading.value / about.capacity_kw)}</span>}
        </Fact>
      )}
    </dl>
  );
}

function Made({ forecast, zone }: { forecast: Forecast; zone: string }) {
  const why = forecast.reason ? sent(forecast.reason) : null;
  return (
    <>
      <Fact name={t("rung")} abnormal={forecast.rung === "last-level"}>
        <b>{rungName(forecast.rung)}</b>
        <span>{[forecast.model, forecast.release].filter(Boolean).join(" · ")}</span>
        {why && <span lang={why.lang}>{why.text}</span>}
      </Fact>
      <Fact name={t("tick")}>
        <b>{clockTime(Date.parse(forecast.tick), zone)}</b>
        {forecast.closed_by === "wall-clock" && <span class="warn">{t("closed_by_clock")}</span>}
      </Fact>
      <Fact name={t("window_measured")} abnormal={forecast.measured < LITTLE}>
        <b>{percent(forecast.measured, forecast.measured === 1 ? 0 : 1)}</b>
      </Fact>
      <Fact name={t("weather_run")}>
        <b>
          {forecast.weather_issued_at
            ? shortMoment(Date.parse(forecast.weather_issued_at), zone, lang.value)
            : t("none_used")}
        </b>
      </Fact>
    </>
  );
}

function Fact(props: { name: string; abnormal?: boolean; children: ComponentChildren }) {
  return (
    <div class={props.abnormal ? "fact abnormal" : "fact"}>
      <dt>{props.name}</dt>
      <dd>{props.children}</dd>
    </div>
  );
}
