import { useMemo } from "preact/hooks";
import { type Curves, temperatures } from "../core/curves";
import { MINUTE, shortMoment } from "../core/time";
import { lang } from "../edge/choices";
import { temperature } from "../edge/http";
import { sent } from "../texts/sent";
import { t } from "../texts/text";
import { Chart } from "./Chart";
import { useFetched } from "./fetched";

const ASK_EVERY = 5 * MINUTE;

interface Props {
  series: string;
  /** The time of the grid that is shown; null: now. */
  at: number | null;
  curves: Curves;
  zone: string;
  now: number | null;
  span: [number, number] | null;
  onSpan: (span: [number, number] | null) => void;
}

/** The temperature at the station of a series, on the axis of its load. */
export function TemperatureChart({ series, at, curves, ...rest }: Props) {
  const when = Math.floor((rest.now ?? 0) / ASK_EVERY);
  const { value: told, failed } = useFetched(
    () => temperature(series, at),
    `${series} ${at === null} ${when}`,
  );
  const lines = useMemo(() => {
    const { measured, forecast } = temperatures(curves, told);
    return [
      { name: "temperature_forecast" as const, row: forecast },
      { name: "temperature" as const, row: measured },
    ];
  }, [curves, told]);
  const title = told?.station ? t("temperature_at", { station: told.station }) : t("temperature");
  const known = lines.some(({ row }) => row.some((degrees) => degrees !== null));
  return (
    <>
      <h3>
        {title}
        {told?.issued_at && (
          <small>
            {t("temperature_issued", {
              time: shortMoment(Date.parse(told.issued_at), rest.zone, lang.value),
            })}
          </small>
        )}
      </h3>
      {known && <Chart of="temperature" curves={curves} lines={lines} height={150} label={title} {...rest} />}
      {failed && <p class="warn">{t("not_answered", { why: sent(failed).text })}</p>}
      {told && !known && (
        <p class="dim">
          {told.station === null
            ? t("temperature_no_station")
            : t("temperature_none", { station: told.station })}
        </p>
      )}
    </>
  );
}
