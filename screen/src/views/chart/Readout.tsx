import { amount, t, type Unit } from "../../texts/text";
import { DASHES, type Line, type LineName } from "./options";

const NAMED = {
  actual: "actual",
  forecast: "forecast",
  said_60: "said_60",
  said_360: "said_360",
  said_1440: "said_1440",
  error: "error_60",
  temperature: "measured",
  temperature_forecast: "forecast",
} as const;

/** What the lines are, and their values where the cursor stands. */
export function Readout(props: { lines: Line[]; at: number | null; slot: string | null; unit: Unit }) {
  const { lines, at, slot, unit } = props;
  const value = (name: LineName) => {
    const kw = at === null ? null : lines.find((one) => one.name === name)?.row[at];
    return kw === null || kw === undefined ? null : amount(kw, unit);
  };
  const range = (low: LineName, high: LineName) => {
    const [a, b] = [value(low), value(high)];
    return a === null || b === null ? null : `${a} – ${b}`;
  };
  const has = (name: LineName) => lines.some((one) => one.name === name);
  const own = (Object.keys(NAMED) as (keyof typeof NAMED)[]).filter(has);
  return (
    <div class="readout">
      {own.map((name) => (
        <Item key={name} name={name} text={t(NAMED[name])} value={value(name)} unit={unit} />
      ))}
      {has("low90") && (
        <Item name="band90" text={t("band_90")} value={range("low90", "high90")} unit={unit} />
      )}
      {has("low50") && (
        <Item name="band50" text={t("band_50")} value={range("low50", "high50")} unit={unit} />
      )}
      <span class="slot">{slot}</span>
    </div>
  );
}

function Item(props: { name: string; text: string; value: string | null; unit: Unit }) {
  const dash = DASHES[props.name as LineName];
  return (
    <span class="item">
      <svg class={`swatch ${props.name}`} viewBox="0 0 24 10" aria-hidden="true">
        {props.name.startsWith("band") ? (
          <rect width="24" height="10" />
        ) : (
          <path d="M0 5h24" stroke-dasharray={dash?.join(" ")} />
        )}
      </svg>
      {props.text} <b>{props.value === null ? "" : `${props.value} ${props.unit.name}`}</b>
    </span>
  );
}
