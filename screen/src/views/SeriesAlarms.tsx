import { board } from "../app";
import { ranked, shelfOf } from "../core/figures";
import { t } from "../texts/text";
import { AlarmList } from "./AlarmList";

export function SeriesAlarms({ series, zone }: { series: string; zone: string }) {
  const { board: known } = board.value;
  const own = [...known.alarms.values()].filter((one) => one.series === series && shelfOf(one) !== "over");
  if (!own.length) return null;
  return (
    <section aria-labelledby="series-alarms">
      <h2 id="series-alarms">{t("alarms")}</h2>
      <AlarmList alarms={ranked(own)} zone={zone} />
    </section>
  );
}
