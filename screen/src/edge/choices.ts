// What somebody chose at this machine: language, colours, sound, and who they are.

import { effect, signal } from "@preact/signals";
import type { Credentials } from "../core/session";

export type Lang = "en" | "ko";
export type Theme = "system" | "light" | "dark";

function stored<Value extends string>(name: string, fallback: Value) {
  const kept = signal((read(localStorage, name) ?? fallback) as Value);
  effect(() => write(localStorage, name, kept.value));
  return kept;
}

function read(storage: Storage, name: string): string | null {
  try {
    return storage.getItem(`gridcast.${name}`);
  } catch {
    return null;
  }
}

function write(storage: Storage, name: string, value: string): void {
  try {
    storage.setItem(`gridcast.${name}`, value);
  } catch {
    // A choice that is not kept holds until the page is closed.
  }
}

export const lang = stored<Lang>("lang", navigator.language.startsWith("ko") ? "ko" : "en");
export const theme = stored<Theme>("theme", "system");
export const sound = stored<"on" | "off">("sound", "off");

effect(() => {
  document.documentElement.lang = lang.value;
});
effect(() => {
  document.documentElement.dataset.theme = theme.value;
});

/** Who somebody is lasts as long as the window: the next at this desk is somebody else. */
export function credentials(): Credentials {
  const kept = read(sessionStorage, "credentials");
  return kept ? (JSON.parse(kept) as Credentials) : {};
}

export function keepCredentials(given: Credentials): void {
  write(sessionStorage, "credentials", JSON.stringify(given));
}
