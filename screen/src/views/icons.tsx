import type { Priority } from "../core/wire";

/** A shape and a number for each priority: colour only repeats what they say. */
export function PriorityMark({ priority }: { priority: Priority }) {
  return (
    <svg class={`mark ${priority}`} viewBox="0 0 20 20" aria-hidden="true">
      {priority === "high" && <rect x="2" y="2" width="16" height="16" />}
      {priority === "medium" && <path d="M10 1.5L19 18H1z" />}
      {priority === "low" && <circle cx="10" cy="10" r="8.5" />}
      <text x="10" y={priority === "medium" ? 16 : 14.2}>
        {{ high: 1, medium: 2, low: 3 }[priority]}
      </text>
    </svg>
  );
}

export function ThemeIcon({ theme }: { theme: "system" | "light" | "dark" }) {
  return (
    <svg class="glyph" viewBox="0 0 20 20" aria-hidden="true">
      <circle cx="10" cy="10" r="7" />
      {theme !== "light" && (
        <path
          class="solid"
          d={theme === "dark" ? "M10 3a7 7 0 000 14 7 7 0 000-14" : "M10 3v14a7 7 0 000-14"}
        />
      )}
    </svg>
  );
}

export function SoundIcon({ on }: { on: boolean }) {
  return (
    <svg class="glyph" viewBox="0 0 20 20" aria-hidden="true">
      <path class="solid" d="M3 8h3l4-4v12l-4-4H3z" />
      {on ? <path d="M13 7a4 4 0 010 6M15.5 4.500a8 8 0 010 11" /> : <path d="M13 7.500l5 5m0-5l-5 5" />}
    </svg>
  );
}
