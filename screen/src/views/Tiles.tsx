import { board, seriesLink } from "../app";
import { type Deviation, deviation, isSilent, shelfOf } from "../core/figures";
import type { Priority } from "../core/wire";
import { load, signed, t, unitFor } from "../texts/text";
import { PriorityMark } from "./icons";

const SHOWN = 300;

interface Tile {
  series: string;
  name: string;
  above: string;
  off: Deviation | null;
  silent: boolean;
  kw: number | null;
  alarm: Priority | null;
}

/** The grid in grey, colour only for what is abnormal; the farthest from its forecast first. */
export function Tiles({ series, below }: { series: string[]; below?: string }) {
  const worst = alarmed();
  const tiles = series
    .map((one) => tileOf(one, worst.get(one) ?? null, below))
    .sort((a, b) => urgency(b) - urgency(a) || a.name.localeCompare(b.name, undefined, { numeric: true }));
  return (
    <ul class="tiles">
      {tiles.slice(0, SHOWN).map((tile) => (
        <li key={tile.series}>
          <One tile={tile} />
        </li>
      ))}
    </ul>
  );
}

const RANK: Record<Priority, number> = { high: 3, medium: 2, low: 1 };

function alarmed(): Map<string, Priority> {
  const worst = new Map<string, Priority>();
  for (const alarm of board.value.board.alarms.values()) {
    if (shelfOf(alarm) !== "active") continue;
    const before = worst.get(alarm.series);
    if (!before || RANK[alarm.priority] > RANK[before]) worst.set(alarm.series, alarm.priority);
  }
  return worst;
}

function tileOf(series: string, alarm: Priority | null, below?: string): Tile {
  const { board: known } = board.value;
  const about = known.series.get(series);
  const reading = known.readings.get(series);
  const forecast = known.forecasts.get(series);
  const parent = about?.parent;
  const above = parent && parent !== below ? (known.series.get(parent)?.name ?? parent) : "";
  return {
    series,
    name: about?.name ?? series,
    above,
    off: deviation(reading, forecast),
    silent: isSilent(forecast),
    kw: reading?.value ?? null,
    alarm,
  };
}

/** By steps of a tenth, so that tiles do not change places all the time. */
function urgency({ off, silent, alarm }: Tile): number {
  const distance = off ? Math.round(Math.abs(off.distance) * 10) / 10 : -1;
  return (alarm ? 1000 * RANK[alarm] : 0) + (silent ? 500 : 0) + Math.min(distance, 100);
}

function One({ tile }: { tile: Tile }) {
  const { off, kw, silent } = tile;
  const outside = off !== null && Math.abs(off.distance) > 1;
  return (
    <a class={outside || silent ? "tile abnormal" : "tile"} href={seriesLink(tile.series)}>
      <span class="name">
        {tile.alarm && <PriorityMark priority={tile.alarm} />}
        <b>{tile.name}</b>
        {tile.above && <span class="above">{tile.above}</span>}
      </span>
      <span class="value">{kw === null ? "–" : load(kw, unitFor(kw))}</span>
      <Gauge off={off} />
      <span class={outside || silent ? "state warn" : "state"}>{state(tile)}</span>
    </a>
  );
}

function state({ off, silent, kw }: Tile): string {
  if (silent) return t("kind_gap");
  if (kw === null) return t("no_reading");
  if (!off) return t("no_forecast");
  const far = off.share === null ? "" : signed(off.share, Math.abs(off.share) < 0.1 ? 1 : 0);
  if (Math.abs(off.distance) <= 1) return far || t("within_band");
  const side = t(off.distance > 0 ? "above_band" : "below_band");
  return `${off.distance > 0 ? "▲" : "▼"} ${far ? `${far}, ${side}` : side}`;
}

/** Where the reading stands in the forecast's band: the middle is the median, the box the band. */
function Gauge({ off }: { off: Deviation | null }) {
  const at = off ? 50 + 25 * Math.max(-1.9, Math.min(1.9, off.distance)) : 50;
  return (
    <svg class="gauge" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
      <rect class="track" x="0" y="3.500" width="100" height="3" />
      {off && <rect class="band" x="25" y="1.500" width="50" height="7" />}
      {off && <rect class="middle" x="49.700" y="1.500" width="0.600" height="7" />}
      {off && <rect class="hand" x={at - 0.9} y="0" width="1.800" height="10" />}
    </svg>
  );
}
