// How a chart looks: after ISA-101, one strong line for what is, and the quieter the less certain.

import uPlot from "uplot";
import type { Curves, Row } from "../../core/curves";
import { clockTime, shortMoment } from "../../core/time";
import { digits, type Unit } from "../../texts/text";

export type LineName =
  | "actual"
  | "forecast"
  | "low90"
  | "high90"
  | "low50"
  | "high50"
  | "said_60"
  | "said_360"
  | "said_1440"
  | "error"
  | "temperature"
  | "temperature_forecast";

/** What a chart is of. */
export type Measure = "load" | "error" | "temperature";

export interface Line {
  name: LineName;
  row: Row;
}

export function linesOf(curves: Curves, said: number[]): Line[] {
  const inner = curves.low50.some((one) => one !== null);
  return [
    { name: "high90", row: curves.high90 },
    { name: "low90", row: curves.low90 },
    ...(inner
      ? [
          { name: "high50" as const, row: curves.high50 },
          { name: "low50" as const, row: curves.low50 },
        ]
      : []),
    ...said.map((minutes) => ({
      name: `said_${minutes}` as LineName,
      row: curves.said.get(minutes) ?? curves.time.map(() => null),
    })),
    { name: "forecast", row: curves.mid },
    { name: "actual", row: curves.actual },
  ];
}

export interface Look {
  text: string;
  grid: string;
  actual: string;
  forecast: string;
  said: string;
  band90: string;
  band50: string;
  now: string;
  font: string;
}

/** The colours as they are now, light or dark: a canvas knows no variables of style sheets. */
export function lookOf(element: Element): Look {
  const probe = element.appendChild(document.createElement("i"));
  const value = (name: string) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const look = {
    text: value("--dim"),
    grid: value("--line"),
    actual: value("--actual"),
    forecast: value("--forecast"),
    said: value("--said"),
    band90: value("--band-90"),
    band50: value("--band-50"),
    now: value("--ink"),
    font: `12px ${getComputedStyle(element).fontFamily}`,
  };
  probe.remove();
  return look;
}

export function bands(names: LineName[]): [number, number, "90" | "50"][] {
  const at = (name: LineName) => names.indexOf(name) + 1;
  const found: [number, number, "90" | "50"][] = [];
  if (names.includes("high90")) found.push([at("high90"), at("low90"), "90"]);
  if (names.includes("high50")) found.push([at("high50"), at("low50"), "50"]);
  return found;
}

export interface Wanted {
  of: Measure;
  lines: LineName[];
  bands: [number, number, "90" | "50"][];
  look: Look;
  zone: string;
  lang: string;
  unit: Unit;
  width: number;
  height: number;
  axis: string;
  nowLabel: string;
  now: () => number | null;
  onCursor: (at: number | null) => void;
  onSpan: (span: [number, number] | null) => void;
}

export const DASHES: Partial<Record<LineName, number[]>> = {
  forecast: [7, 4],
  said_60: [2, 2],
  said_360: [2, 4],
  said_1440: [2, 7],
  temperature_forecast: [7, 4],
};

export function optionsOf(wanted: Wanted): uPlot.Options {
  const { look, zone, lang } = wanted;
  const axis = {
    stroke: look.text,
    font: look.font,
    labelFont: look.font,
    grid: { stroke: look.grid, width: 1 },
    ticks: { stroke: look.grid, width: 1, size: 5 },
  };
  return {
    width: wanted.width,
    height: wanted.height,
    // The grid's local time, with its days of 23 and 25 hours.
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
    legend: { show: false },
    padding: [12, 22, 0, 0],
    cursor: {
      drag: { x: true, y: false, setScale: false },
      points: { size: 7 },
      sync: { key: "gridcast" },
    },
    scales: { x: { time: true }, y: { range: (_, low, high) => rangeOf(low, high, wanted.of) } },
    axes: [
      {
        ...axis,
        space: 76,
        values: (_, times) => times.map((at, place) => timeLabel(at, times[place - 1], zone, lang)),
      },
      {
        ...axis,
        label: wanted.axis,
        labelSize: 20,
        labelGap: 2,
        size: 52,
        space: wanted.of === "load" ? 34 : 22,
        values: (_, values) => {
          const step = Math.abs((values[1] ?? 1) - (values[0] ?? 0));
          const places = Math.min(3, Math.max(0, -Math.floor(Math.log10(step || 1) + 1e-9)));
          return values.map((value) => digits(value, places));
        },
      },
    ],
    series: [{}, ...wanted.lines.map((name) => lineOf(name, look))],
    bands: wanted.bands.map(([high, low, share]) => ({
      series: [high, low] as [number, number],
      fill: share === "90" ? look.band90 : look.band50,
    })),
    hooks: {
      setCursor: [(plot) => wanted.onCursor(plot.cursor.idx ?? null)],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width < 8) return;
          const span: [number, number] = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          wanted.onSpan([span[0] * 1000, span[1] * 1000]);
        },
      ],
      draw: [(plot) => drawNow(plot, wanted)],
      ready: [(plot) => handle(plot, wanted)],
    },
  };
}

/** Some room above and below; of errors, both sides of 0. */
function rangeOf(low: number | null, high: number | null, of: Measure): uPlot.Range.MinMax {
  if (low === null || high === null) return of === "error" ? [-1, 1] : [0, 1];
  if (of === "error") {
    const size = Math.max(Math.abs(low), Math.abs(high)) || 1;
    return [-size * 1.15, size * 1.15];
  }
  const room = (high - low || Math.abs(high) || 1) * 0.08;
  return [low - room, high + room];
}

function timeLabel(at: number, before: number | undefined, zone: string, lang: string): string {
  const [day, time] = [shortMoment(at * 1000, zone, lang).slice(0, -6), clockTime(at * 1000, zone)];
  const dayBefore = before === undefined ? null : shortMoment(before * 1000, zone, lang).slice(0, -6);
  return day === dayBefore ? time : `${time}\n${day}`;
}

const MEASURED = new Set<LineName>(["actual", "error", "temperature"]);

function lineOf(name: LineName, look: Look): uPlot.Series {
  if (name.startsWith("low") || name.startsWith("high")) {
    return { stroke: "transparent", width: 0, points: { show: false } };
  }
  const stroke = MEASURED.has(name) ? look.actual : look.forecast;
  const dash = DASHES[name];
  return {
    stroke: name.startsWith("said") ? look.said : stroke,
    width: name === "actual" ? 2 : 1.5,
    points: { show: false },
    ...(dash ? { dash } : {}),
  };
}

function drawNow(plot: uPlot, wanted: Wanted): void {
  const { ctx, bbox } = plot;
  const now = wanted.now();
  ctx.save();
  ctx.strokeStyle = wanted.look.now;
  ctx.fillStyle = wanted.look.now;
  if (wanted.of === "error") {
    const zero = plot.valToPos(0, "y", true);
    ctx.lineWidth = devicePixelRatio;
    ctx.beginPath();
    ctx.moveTo(bbox.left, zero);
    ctx.lineTo(bbox.left + bbox.width, zero);
    ctx.stroke();
  }
  const x = now === null ? -1 : plot.valToPos(now / 1000, "x", true);
  if (x >= bbox.left && x <= bbox.left + bbox.width) {
    ctx.lineWidth = devicePixelRatio;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.font = wanted.look.font.replace("12px", `${11 * devicePixelRatio}px`);
    ctx.textAlign = x > bbox.left + bbox.width - 60 * devicePixelRatio ? "right" : "left";
    const aside = 4 * devicePixelRatio * (ctx.textAlign === "right" ? -1 : 1);
    ctx.fillText(wanted.nowLabel, x + aside, bbox.top + 12 * devicePixelRatio);
  }
  ctx.restore();
}

/** The wheel zooms, Shift and dragging pan, a double click shows all. */
function handle(plot: uPlot, wanted: Wanted): void {
  const { over } = plot;
  const span = (): [number, number] => [(plot.scales.x?.min ?? 0) * 1000, (plot.scales.x?.max ?? 0) * 1000];
  over.addEventListener("dblclick", () => wanted.onSpan(null));
  over.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.shiftKey) return; // the page scrolls
      event.preventDefault();
      const [from, to] = span();
      const at = plot.posToVal(event.offsetX, "x") * 1000;
      const factor = event.deltaY + event.deltaX > 0 ? 1.25 : 0.8;
      wanted.onSpan([at - (at - from) * factor, at + (to - at) * factor]);
    },
    { passive: false },
  );
  over.addEventListener(
    "mousedown",
    (event) => {
      if (!event.shiftKey) return;
      event.stopImmediatePropagation();
      const [from, to] = span();
      const scale = (to - from) / over.clientWidth;
      const panned = (later: MouseEvent) => {
        const by = (event.clientX - later.clientX) * scale;
        wanted.onSpan([from + by, to + by]);
      };
      document.addEventListener("mousemove", panned);
      document.addEventListener("mouseup", () => document.removeEventListener("mousemove", panned), {
        once: true,
      });
    },
    { capture: true },
  );
}
