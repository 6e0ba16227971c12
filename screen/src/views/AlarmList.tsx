import { useRef, useState } from "preact/hooks";
import { act, board, doing, mayAct, seriesLink } from "../app";
import { shelfOf } from "../core/figures";
import { clockTime, HOUR, howLong, MINUTE, shortMoment } from "../core/time";
import type { Alarm } from "../core/wire";
import { lang } from "../edge/choices";
import { alarmText } from "../texts/alarms";
import { sent } from "../texts/sent";
import { kindName, priorityName, t, whoName } from "../texts/text";
import { AlarmDetails } from "./AlarmDetails";
import { PriorityMark } from "./icons";

const SHOWN = 200;
const SHELVE_FOR = [15 * MINUTE, HOUR, 8 * HOUR];

export function AlarmList({ alarms, zone }: { alarms: Alarm[]; zone: string }) {
  const list = useRef<HTMLUListElement>(null);
  const step = (by: number) => {
    const rows = [...(list.current?.querySelectorAll<HTMLElement>("li.alarm") ?? [])];
    const at = rows.findIndex((row) => row.contains(document.activeElement));
    rows[Math.max(0, Math.min(rows.length - 1, at + by))]?.focus();
  };
  return (
    <ul class="alarms" ref={list}>
      {alarms.slice(0, SHOWN).map((alarm) => (
        <One key={alarm.alarm} alarm={alarm} zone={zone} onStep={step} />
      ))}
    </ul>
  );
}

function One(props: { alarm: Alarm; zone: string; onStep: (by: number) => void }) {
  const { alarm, zone } = props;
  const [open, setOpen] = useState(false);
  const [shelving, setShelving] = useState(false);
  const name = board.value.board.series.get(alarm.series)?.name ?? alarm.series;
  const words = alarmText(alarm, name);
  const isFeed = alarm.series.includes("/");
  const mayBeSeen = mayAct.value && alarm.active && alarm.acknowledged_at === null;
  const keys = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.toLowerCase();
    if (key === "arrowdown" || key === "arrowup") props.onStep(key === "arrowdown" ? 1 : -1);
    else if (key === "a" && mayBeSeen) act(alarm.alarm, "acknowledge");
    else if (key === "s" && mayAct.value && alarm.active) setShelving(!shelving);
    else if (key === "enter") setOpen(!open);
    else return;
    event.preventDefault();
  };
  const unseen = alarm.active && alarm.acknowledged_at === null;
  return (
    <li
      class={`alarm ${alarm.priority} ${unseen ? "unacknowledged" : ""}`}
      data-alarm={alarm.alarm}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: an alarm takes the keys that act on it
      tabIndex={0}
      onKeyDown={keys}
    >
      <span class="priority">
        <PriorityMark priority={alarm.priority} /> {priorityName(alarm.priority)}
      </span>
      <span class="what">
        <b>{kindName(alarm.kind)}</b>{" "}
        {isFeed ? <span>{alarm.series}</span> : <a href={seriesLink(alarm.series)}>{name}</a>}
      </span>
      <span class="since">
        <span class="dim">{t("since")} </span>
        <time dateTime={alarm.raised_at}>{shortMoment(Date.parse(alarm.raised_at), zone, lang.value)}</time>
      </span>
      <span class="text" lang={words.lang}>
        {words.text}
      </span>
      <span class="standing">{standing(alarm, zone)}</span>
      <span class="actions">
        {mayBeSeen && (
          <button type="button" onClick={() => act(alarm.alarm, "acknowledge")}>
            {t("acknowledge")}
          </button>
        )}
        {mayAct.value && alarm.active && alarm.shelved_until === null && (
          <button type="button" class="quiet" aria-expanded={shelving} onClick={() => setShelving(!shelving)}>
            {t("shelve")}
          </button>
        )}
        {mayAct.value && alarm.shelved_until !== null && (
          <button type="button" class="quiet" onClick={() => act(alarm.alarm, "unshelve")}>
            {t("unshelve")}
          </button>
        )}
        <button type="button" class="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
          {t("details")}
        </button>
      </span>
      {shelving && (
        <fieldset class="shelving">
          <legend>{t("shelve_for")}</legend>
          {SHELVE_FOR.map((ms) => (
            <button
              key={ms}
              type="button"
              class="quiet"
              onClick={() => {
                setShelving(false);
                act(alarm.alarm, "shelve", Date.now() + ms);
              }}
            >
              {howLong(ms, lang.value)}
            </button>
          ))}
        </fieldset>
      )}
      <Doing alarm={alarm.alarm} />
      {open && <AlarmDetails alarm={alarm} zone={zone} />}
    </li>
  );
}

function Doing({ alarm }: { alarm: string }) {
  const found = doing.value.get(alarm);
  if (!found) return null;
  return (
    <span class={found.state === "sent" ? "doing" : "doing warn"} role="status">
      {found.state === "sent" && t("sent")}
      {found.state === "not-sent" && t("not_sent")}
      {found.state === "waiting" && t("still_waiting")}
      {found.state === "not-done" && t("not_done", { why: sent(found.why).text })}
    </span>
  );
}

function standing(alarm: Alarm, zone: string): string {
  const at = (time: string) => clockTime(Date.parse(time), zone);
  const said = [];
  const shelf = shelfOf(alarm);
  if (shelf === "over" && alarm.cleared_at) {
    said.push(t("over_since", { time: shortMoment(Date.parse(alarm.cleared_at), zone, lang.value) }));
  }
  if (alarm.shelved_until) said.push(t("shelved_until", { time: at(alarm.shelved_until) }));
  if (alarm.suppressed_by) said.push(t("suppressed_by", { alarm: alarm.suppressed_by }));
  if (alarm.acknowledged_at) {
    const who = alarm.acknowledged_by ? whoName(alarm.acknowledged_by) : "–";
    said.push(t("acknowledged_by", { who, time: at(alarm.acknowledged_at) }));
  } else if (alarm.active) {
    said.push(t("not_acknowledged"));
  }
  return said.join(" · ");
}
