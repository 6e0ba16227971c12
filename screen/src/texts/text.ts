// Words and figures in the language that somebody chose.

import type { AlarmKind, Priority, Rung } from "../core/wire";
import { lang } from "../edge/choices";
import { en, type Text } from "./en";
import { ko } from "./ko";

/** A text that is not always in the language of the screen. */
export interface Words {
  text: string;
  lang: "en" | "ko";
}

export function t(text: Text, filled: Record<string, string | number> = {}): string {
  const said = (lang.value === "ko" ? ko : en)[text];
  return said.replace(/\{(\w+)\}/g, (_, name: string) => String(filled[name] ?? ""));
}

const named = (prefix: string, value: string) => t(`${prefix}_${value.replaceAll("-", "_")}` as Text);
export const kindName = (kind: AlarmKind) => named("kind", kind);
export const priorityName = (priority: Priority) => named("priority", priority);
/** An open gateway lets everybody in, under this name. */
export const whoName = (who: string) => (who === "anybody" ? t("anybody") : who);
export const rungName = (rung: Rung) => named("a_rung", rung);

export interface Unit {
  name: "kW" | "MW" | "GW" | "°C";
  /** How much of what is measured (kW, °C) makes one of it. */
  one: number;
  /** Always so many digits after the point; else as many as make three in all. */
  places?: number;
}

export const CELSIUS: Unit = { name: "°C", one: 1, places: 1 };

/** The unit in which figures of this size have few digits. */
export function unitFor(kw: number): Unit {
  const size = Math.abs(kw);
  if (size >= 1e6) return { name: "GW", one: 1e6 };
  return size >= 1e3 ? { name: "MW", one: 1e3 } : { name: "kW", one: 1 };
}

const NUMBERS = new Map<string, Intl.NumberFormat>();

export function digits(value: number, places: number): string {
  const name = `${lang.value} ${places}`;
  let found = NUMBERS.get(name);
  if (!found) {
    found = new Intl.NumberFormat(lang.value === "ko" ? "ko-KR" : "en-GB", {
      minimumFractionDigits: places,
      maximumFractionDigits: places,
    });
    NUMBERS.set(name, found);
  }
  // A minus as long as a plus, and a space that does not break.
  return found.format(value).replace("-", "−");
}

/** 3 significant digits, in a unit: 1.24 of MW. */
export function amount(measured: number, unit: Unit = unitFor(measured)): string {
  const value = measured / unit.one;
  const size = Math.abs(value);
  return digits(value, unit.places ?? (size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2));
}

/** The space before a unit does not break. */
export const load = (kw: number, unit: Unit = unitFor(kw)) => `${amount(kw, unit)}\u00a0${unit.name}`;

export function percent(share: number, places = 0): string {
  return `${digits(100 * share, places)}\u00a0%`;
}

export function signed(share: number, places = 0): string {
  const rounded = Math.round(share * 100 * 10 ** places) / (100 * 10 ** places);
  // Not "+0.0 %", and not "−0.0 %" either.
  const shown = percent(rounded || 0, places);
  return rounded > 0 ? `+${shown}` : shown;
}
