import { useState } from "preact/hooks";
import { board, seriesLink } from "../app";
import { t } from "../texts/text";
import { Figures } from "./Figures";
import { Tiles } from "./Tiles";
import { TotalChart } from "./TotalChart";

export function OverviewPage() {
  const { board: known } = board.value;
  const [looked, setLooked] = useState("");
  const all = [...new Set([...known.series.keys(), ...known.forecasts.keys()])];
  const named = (series: string) =>
    `${series} ${known.series.get(series)?.name ?? ""}`.toLowerCase().includes(looked.toLowerCase());
  const found = looked ? all.filter(named) : all;
  return (
    <>
      <h1 class="unseen">{t("overview")}</h1>
      <Figures />
      <TotalChart />
      <section aria-labelledby="tiles-title">
        <div class="row">
          <h2 id="tiles-title">{t("series_by_distance")}</h2>
          {/* biome-ignore lint/a11y/useSemanticElements: <search> is not in all supported browsers */}
          <form
            role="search"
            onSubmit={(event) => {
              event.preventDefault();
              const only = found.length === 1 ? found[0] : undefined;
              if (looked.trim()) location.hash = seriesLink(only ?? looked.trim());
            }}
          >
            <input
              type="search"
              aria-label={t("filter")}
              placeholder={`${t("filter")}: ${t("filter_hint")}`}
              value={looked}
              onInput={(event) => setLooked(event.currentTarget.value)}
            />
          </form>
        </div>
        {!all.length ? (
          <div class="empty">
            <p>{t("no_series")}</p>
            <p class="dim">{t("no_series_hint")}</p>
          </div>
        ) : found.length ? (
          <Tiles series={found} />
        ) : (
          <p class="empty">{t("nothing_found")}</p>
        )}
      </section>
    </>
  );
}
