import { now, travelledTo, zone } from "../app";
import { howLong, shortMoment } from "../core/time";
import { lang } from "../edge/choices";
import { sent } from "../texts/sent";
import { t } from "../texts/text";
import { depart, earliest, failed, open, playing, REACHES, reach, reading, toNow, travel } from "../travel";

const SPEEDS = [1, 60, 600];
const STEP_MS = 60_000;

export function TravelSwitch() {
  return (
    <button
      type="button"
      class="quiet icon"
      aria-pressed={open.value}
      aria-label={t("travel")}
      title={t("travel")}
      onClick={open.value ? toNow : depart}
    >
      <svg class="glyph" viewBox="0 0 20 20" aria-hidden="true">
        <path d="M4.500 6.500A7 7 0 113 10M3 4v3.500h3.500M10 6.500V10l2.500 2" />
      </svg>
    </button>
  );
}

/** Under the header while another moment is shown: which, and the way back. */
export function TravelBar() {
  const at = travelledTo.value;
  if (!open.value || at === null) return null;
  const last = Math.floor(now.value / STEP_MS) * STEP_MS - STEP_MS;
  const time = shortMoment(at, zone.value, lang.value);
  const long = howLong(now.value - at, lang.value);
  return (
    <section class="travel" aria-label={t("travel")}>
      <p role="status">
        <b>{t("travelling", { time, long })}</b>
        {reading.value && playing.value === null && <span> {t("reading_topics")}</span>}
        {failed.value && <span> {t("not_answered", { why: sent(failed.value).text })}</span>}
      </p>
      <input
        type="range"
        aria-label={t("travel_to")}
        aria-valuetext={time}
        min={Math.ceil(earliest() / STEP_MS) * STEP_MS}
        max={last}
        step={STEP_MS}
        value={at}
        onInput={(event) => {
          playing.value = null;
          travel(Number(event.currentTarget.value));
        }}
      />
      <div class="row-of-buttons">
        <fieldset class="spans">
          <legend class="unseen">{t("reach")}</legend>
          {REACHES.map((ms) => (
            <button
              key={ms}
              type="button"
              class="quiet"
              aria-pressed={reach.value === ms}
              onClick={() => {
                reach.value = ms;
              }}
            >
              {howLong(ms, lang.value)}
            </button>
          ))}
        </fieldset>
        {SPEEDS.map((times) => (
          <button
            key={times}
            type="button"
            class="quiet"
            aria-pressed={playing.value === times}
            onClick={() => {
              playing.value = playing.value === times ? null : times;
            }}
          >
            {t(playing.value === times ? "pause" : "play")} {t("times", { count: times })}
          </button>
        ))}
        <button type="button" onClick={toNow}>
          {t("back_to_now")}
        </button>
      </div>
    </section>
  );
}
