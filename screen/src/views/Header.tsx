import { board, gridNow, link, now, route, travelledTo, zone } from "../app";
import { isReplay, shelfOf } from "../core/figures";
import { clockSeconds, clockTime, longDate, zoneName } from "../core/time";
import type { Priority } from "../core/wire";
import { lang, sound, theme } from "../edge/choices";
import { allowSound } from "../edge/sound";
import { priorityName, t } from "../texts/text";
import { PriorityMark, SoundIcon, ThemeIcon } from "./icons";
import { TravelSwitch } from "./Travel";

export function Header() {
  return (
    <header class="bar">
      <a class="brand" href="#/">
        gridcast
      </a>
      <nav aria-label="gridcast">
        <Tab page="overview" href="#/" />
        <Tab page="alarms" href="#/alarms">
          <AlarmCounts />
        </Tab>
      </nav>
      <Clock />
      <LinkState />
      <div class="choices">
        <TravelSwitch />
        <ThemeButton />
        <SoundButton />
        <button
          type="button"
          class="quiet"
          lang={lang.value === "ko" ? "en" : "ko"}
          onClick={() => {
            lang.value = lang.value === "ko" ? "en" : "ko";
          }}
        >
          {t("language")}
        </button>
      </div>
    </header>
  );
}

function Tab(props: { page: "overview" | "alarms"; href: string; children?: preact.ComponentChildren }) {
  const isHere = route.value.page === props.page;
  return (
    <a class="tab" href={props.href} aria-current={isHere ? "page" : undefined}>
      {t(props.page)}
      {props.children}
    </a>
  );
}

function AlarmCounts() {
  const counts: Record<Priority, number> = { high: 0, medium: 0, low: 0 };
  for (const alarm of board.value.board.alarms.values()) {
    if (shelfOf(alarm) === "active") counts[alarm.priority] += 1;
  }
  const there = (["high", "medium", "low"] as const).filter((priority) => counts[priority]);
  return (
    <span class="counts">
      {there.map((priority) => (
        <span key={priority} class="count">
          <PriorityMark priority={priority} />
          <span class="unseen">{priorityName(priority)} </span>
          {counts[priority]}
        </span>
      ))}
    </span>
  );
}

/** The grid's own time: by the clock while it is about now, by its newest tick in a replay. */
function Clock() {
  const grid = gridNow.value;
  const clock = travelledTo.value ?? now.value;
  const replayed = grid !== null && isReplay(grid, clock);
  const at = replayed ? grid : clock;
  const shown = replayed ? clockTime(at, zone.value) : clockSeconds(at, zone.value);
  return (
    <div class="clock" title={zone.value}>
      <span class="unseen">{t("grid_clock")}: </span>
      <time dateTime={new Date(at).toISOString()}>
        <b>{shown}</b> <span class="zone">{zoneName(at, zone.value)}</span>
        <span class="date">{longDate(at, zone.value, lang.value)}</span>
      </time>
    </div>
  );
}

function LinkState() {
  const { state } = link.value;
  const text = state === "live" ? "live" : state === "refused" ? "refused" : ("reconnecting" as const);
  return (
    <span class={`link ${text}`} data-state={state} role="status">
      <svg viewBox="0 0 12 12" aria-hidden="true">
        {text === "live" ? <circle cx="6" cy="6" r="4.5" /> : <path d="M2 2l8 8M10 2l-8 8" />}
      </svg>
      {t(text)}
    </span>
  );
}

const NEXT = { system: "light", light: "dark", dark: "system" } as const;

function ThemeButton() {
  const label = t(`theme_${theme.value}`);
  return (
    <button
      type="button"
      class="quiet icon"
      aria-label={label}
      title={label}
      onClick={() => {
        theme.value = NEXT[theme.value];
      }}
    >
      <ThemeIcon theme={theme.value} />
    </button>
  );
}

function SoundButton() {
  const isOn = sound.value === "on";
  const label = t(isOn ? "sound_on" : "sound_off");
  return (
    <button
      type="button"
      class="quiet icon"
      aria-pressed={isOn}
      aria-label={label}
      title={label}
      onClick={() => {
        sound.value = isOn ? "off" : "on";
        if (!isOn) allowSound();
      }}
    >
      <SoundIcon on={isOn} />
    </button>
  );
}
