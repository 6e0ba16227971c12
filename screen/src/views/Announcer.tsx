import { newAlarm } from "../app";
import { kindName, t } from "../texts/text";

/** Tells of new alarms to who does not see the page. */
export function Announcer() {
  const alarm = newAlarm.value;
  return (
    <div class="unseen" aria-live="assertive">
      {alarm && t("new_alarm", { what: kindName(alarm.kind), where: alarm.series })}
    </div>
  );
}
