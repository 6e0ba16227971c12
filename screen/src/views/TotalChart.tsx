import { useMemo } from "preact/hooks";
import { board, gridNow, pastEnds, zone } from "../app";
import { curvesOfSum } from "../core/curves";
import { roots, sumOf } from "../core/figures";
import { MINUTE } from "../core/time";
import type { Forecast } from "../core/wire";
import { past } from "../edge/http";
import { t } from "../texts/text";
import { Chart } from "./Chart";
import { linesOf } from "./chart/options";
import { useFetched } from "./fetched";
import { pastUntil } from "./moment";

/** More than these are not asked for one by one. */
const MOST_ROOTS = 12;

/** The load of the whole grid: the last day, and the next. */
export function TotalChart() {
  const { board: known } = board.value;
  const names = roots(known).map((one) => one.series);
  const slot = Math.floor((gridNow.value ?? 0) / (5 * MINUTE));
  const asked = names.slice(0, MOST_ROOTS);
  const { value: pasts } = useFetched(() => Promise.all(asked.map(past)), `${asked.join(" ")} ${slot}`);
  const then = pastEnds.value;
  const forecasts = names.map((name) => known.forecasts.get(name));
  const whole = forecasts.every((one) => one !== undefined);
  const curves = useMemo(() => {
    const known = then === null ? pasts : pasts?.map((one) => pastUntil(one, then));
    return curvesOfSum(known ?? [], whole ? sumOf(forecasts as Forecast[]) : null);
  }, [pasts, then, ...forecasts]);
  const lines = useMemo(() => linesOf(curves, []), [curves]);
  if (!names.length || names.length > MOST_ROOTS) return null;
  return (
    <section class="panel" aria-label={t("whole_grid")}>
      <h2>{t("whole_grid")}</h2>
      {curves.time.length > 0 ? (
        <Chart
          of="load"
          curves={curves}
          lines={lines}
          zone={zone.value}
          now={gridNow.value}
          height={220}
          label={t("chart_of", { name: t("whole_grid") })}
        />
      ) : (
        pasts && <p class="dim">{t("no_past")}</p>
      )}
    </section>
  );
}
