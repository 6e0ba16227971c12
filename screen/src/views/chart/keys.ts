import type uPlot from "uplot";

/** Move the cursor, zoom and pan by keys; tells whether the key was one of them. */
export function move(
  plot: uPlot,
  event: KeyboardEvent,
  onSpan: ((span: [number, number] | null) => void) | undefined,
): boolean {
  const [from, to] = [(plot.scales.x?.min ?? 0) * 1000, (plot.scales.x?.max ?? 0) * 1000];
  const width = to - from;
  const to_ = (a: number, b: number) => {
    onSpan?.([a, b]);
    return true;
  };
  switch (event.key) {
    case "ArrowLeft":
    case "ArrowRight": {
      const by = event.key === "ArrowLeft" ? -1 : 1;
      if (event.shiftKey) return to_(from + (by * width) / 8, to + (by * width) / 8);
      return point(plot, by);
    }
    case "+":
    case "=":
      return to_(from + width / 8, to - width / 8);
    case "-":
      return to_(from - width / 6, to + width / 6);
    case "0":
    case "Home":
      onSpan?.(null);
      return onSpan !== undefined;
    case "Escape":
      setCursor(plot, -10, -10);
      return true;
    default:
      return false;
  }
}

/** Its type leaves out that it can tell the charts beside it (uPlot 1.6.32). */
function setCursor(plot: uPlot, left: number, top: number): void {
  type Set = (at: { left: number; top: number }, fire: boolean, tell: boolean) => void;
  const set = plot.setCursor as Set;
  set({ left, top }, true, true);
}

function point(plot: uPlot, by: number): boolean {
  const times = plot.data[0];
  const before = plot.cursor.idx ?? Math.floor(times.length / 2);
  const at = times[Math.min(times.length - 1, Math.max(0, before + by))];
  if (at === undefined) return true;
  setCursor(plot, plot.valToPos(at, "x"), plot.bbox.height / devicePixelRatio / 2);
  return true;
}
