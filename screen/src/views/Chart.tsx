import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import type { Curves } from "../core/curves";
import { clockTime, shortMoment } from "../core/time";
import { lang, theme } from "../edge/choices";
import { CELSIUS, t, unitFor } from "../texts/text";
import { move } from "./chart/keys";
import { bands, type Line, type Look, lookOf, type Measure, optionsOf } from "./chart/options";
import { Readout } from "./chart/Readout";

interface Props {
  of: Measure;
  /** Its axis of time. */
  curves: Curves;
  lines: Line[];
  zone: string;
  now: number | null;
  height: number;
  label: string;
  /** Ms at both ends; null: all. */
  span?: [number, number] | null;
  onSpan?: (span: [number, number] | null) => void;
}

export function Chart(props: Props) {
  const { of, curves, lines, zone, now, height, label, span = null } = props;
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const state = useRef({ now, span, onSpan: props.onSpan });
  const [cursor, setCursor] = useState<number | null>(null);
  const dark = useDark();
  state.current = { now, span, onSpan: props.onSpan };

  const size = Math.max(0, ...lines.flatMap(({ row }) => row.map((kw) => Math.abs(kw ?? 0))));
  const unit = of === "temperature" ? CELSIUS : unitFor(size);
  const shape = [zone, lang.value, theme.value, dark, unit.name, lines.map((one) => one.name), height];
  const minutes = curves.stepMs / 60_000;

  useEffect(() => {
    const element = holder.current;
    if (!element) return;
    const look: Look = lookOf(element);
    const made = new uPlot(
      optionsOf({
        of,
        lines: lines.map((one) => one.name),
        bands: bands(lines.map((one) => one.name)),
        look,
        zone,
        lang: lang.value,
        unit,
        width: element.clientWidth,
        height,
        axis: t(`${of}_axis`, { unit: unit.name }),
        nowLabel: t("now"),
        now: () => state.current.now,
        onCursor: setCursor,
        onSpan: (chosen) => state.current.onSpan?.(chosen),
      }),
      dataOf(curves, lines, unit.one),
      element,
    );
    plot.current = made;
    const watch = new ResizeObserver(() => {
      made.setSize({ width: element.clientWidth, height });
    });
    watch.observe(element);
    return () => {
      watch.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [JSON.stringify(shape)]);

  useEffect(() => {
    const made = plot.current;
    if (!made) return;
    made.setData(dataOf(curves, lines, unit.one), false);
    const [from, to] = span ?? [curves.time[0] ?? 0, (curves.time.at(-1) ?? 0) + curves.stepMs];
    made.setScale("x", { min: from / 1000, max: to / 1000 });
  }, [curves, lines, span, now, JSON.stringify(shape)]);

  const at = cursor === null ? null : (curves.time[cursor] ?? null);
  const slot =
    at === null ? null : `${shortMoment(at, zone, lang.value)}–${clockTime(at + minutes * 60_000, zone)}`;
  return (
    <div class="chart">
      {/* biome-ignore lint/a11y/useSemanticElements: a plot is no part of a form */}
      <div
        ref={holder}
        class="plot"
        role="group"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys move the plot's cursor
        tabIndex={0}
        aria-label={label}
        style={{ minHeight: `${height}px` }}
        onKeyDown={(event) => {
          if (plot.current && move(plot.current, event, props.onSpan)) event.preventDefault();
        }}
      />
      <Readout lines={lines} at={cursor} slot={slot} unit={unit} />
    </div>
  );
}

function dataOf(curves: Curves, lines: Line[], unit: number): uPlot.AlignedData {
  // A slot's mean stands in its middle.
  const time = curves.time.map((at) => (at + curves.stepMs / 2) / 1000);
  return [time, ...lines.map(({ row }) => row.map((one) => (one === null ? null : one / unit)))];
}

function useDark(): boolean {
  const asked = matchMedia("(prefers-color-scheme: dark)");
  const [dark, setDark] = useState(asked.matches);
  useEffect(() => {
    const heard = () => setDark(asked.matches);
    asked.addEventListener("change", heard);
    return () => asked.removeEventListener("change", heard);
  }, []);
  return dark;
}
