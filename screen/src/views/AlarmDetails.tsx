import { shortMoment } from "../core/time";
import type { Alarm } from "../core/wire";
import { lang } from "../edge/choices";
import { causeOf, changeOf, evidenceOf } from "../texts/alarms";
import { load, t, whoName } from "../texts/text";

/** Why it was raised: the likeliest cause, and every figure that speaks for it. */
export function AlarmDetails({ alarm, zone }: { alarm: Alarm; zone: string }) {
  const figures: [string, string][] = [];
  if (alarm.cause) figures.push([t("cause"), causeOf(alarm)]);
  if (alarm.measured !== null) figures.push([t("measured"), load(alarm.measured)]);
  if (alarm.expected !== null) figures.push([t("expected"), load(alarm.expected)]);
  if (alarm.expected_low !== null && alarm.expected_high !== null) {
    figures.push([t("band_90"), `${load(alarm.expected_low)} – ${load(alarm.expected_high)}`]);
  }
  figures.push(...evidenceOf(alarm));
  figures.push([
    t("state"),
    `${changeOf(alarm)}, ${shortMoment(Date.parse(alarm.changed_at), zone, lang.value)}${
      alarm.changed_by ? `, ${whoName(alarm.changed_by)}` : ""
    }`,
  ]);
  return (
    <dl class="evidence">
      {figures.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
      <div>
        <dt>{t("alarm_name")}</dt>
        <dd>
          <code>{alarm.alarm}</code>
        </dd>
      </div>
    </dl>
  );
}
