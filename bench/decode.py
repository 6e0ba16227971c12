"""Decoding separate JSON readings, validation included: the batch decoder beside two others.

Limit: at least 1,000,000 readings a CPU second. Beside it, in turn and in the same run: plain
`json.loads` (which validates nothing) and the pydantic model one by one (the contract itself).
"""

import json
from datetime import UTC, datetime, timedelta

from common import arguments, in_turn, result, show

from gridcast.schemas import Reading, ReadingFrame, decode

LIMIT = 1_000_000


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--readings", type=int, help="how many (100,000; quick: 50,000)")
    given = parser.parse_args()
    count = given.readings or (50_000 if given.quick else 100_000)
    rounds = 5 if given.quick else 11

    start = datetime(2026, 1, 1, tzinfo=UTC)
    readings = [
        Reading(
            series=f"meter-{i % 1000:06}", time=start + timedelta(seconds=i), value=i % 997 / 97
        )
        for i in range(count)
    ]
    values: list[bytes | None] = [reading.to_bytes() for reading in readings]
    keys = [reading.key for reading in readings]
    # One bad record in a thousand: what a batch costs that holds some.
    spoiled = [b"{}" if place % 1000 == 500 else value for place, value in enumerate(values)]
    frame_keys, frames = _frames(readings)

    assert len(decode(keys, values).readings) == count
    assert len(decode(keys, spoiled).refused) == count // 1000
    assert len(decode(frame_keys, frames).readings) == count
    runs = in_turn(
        {
            "gridcast": lambda: decode(keys, values),
            "json_loads": lambda: [json.loads(value) for value in values],
            "pydantic_one_by_one": lambda: [Reading.from_bytes(value) for value in values],
            "gridcast_spoiled": lambda: decode(keys, spoiled),
            "gridcast_frames": lambda: decode(frame_keys, frames),
        },
        rounds,
    )
    per_cpu_s = {name: count / run.cpu_s for name, run in runs.items()}
    labels = {
        "gridcast": "gridcast, batches, validated",
        "json_loads": "json.loads each, nothing validated",
        "pydantic_one_by_one": "pydantic one by one, validated",
        "gridcast_spoiled": "gridcast, 1 bad record in 1,000",
        "gridcast_frames": "gridcast, frames of 500",
    }
    show(
        f"{count:,} readings of {len(values[0] or b'')} bytes, medians of {rounds} rounds in turn",
        ["decoder", "readings / CPU s", "readings / wall s", "times json.loads"],
        [
            [
                label,
                f"{per_cpu_s[name]:,.0f}",
                f"{count / runs[name].wall_s:,.0f}",
                f"{per_cpu_s[name] / per_cpu_s['json_loads']:.2f}",
            ]
            for name, label in labels.items()
        ],
    )
    verdict = "met" if per_cpu_s["gridcast"] >= LIMIT else "MISSED"
    print(f"limit {LIMIT:,} readings / CPU s: {verdict}")
    if given.json:
        figures = {
            "readings_per_cpu_s": per_cpu_s["gridcast"],
            "json_loads_per_cpu_s": per_cpu_s["json_loads"],
            "pydantic_one_by_one_per_cpu_s": per_cpu_s["pydantic_one_by_one"],
            "spoiled_readings_per_cpu_s": per_cpu_s["gridcast_spoiled"],
            "frame_readings_per_cpu_s": per_cpu_s["gridcast_frames"],
        }
        print(result("decode", {name: round(figure) for name, figure in figures.items()}))


def _frames(readings: list[Reading]) -> tuple[list[bytes | None], list[bytes | None]]:
    frames = [
        ReadingFrame(
            frame="feeder-1",
            time=part[0].time,
            series=[reading.series for reading in part],
            value=[reading.value for reading in part],
        )
        for part in (readings[place : place + 500] for place in range(0, len(readings), 500))
    ]
    return [frame.key for frame in frames], [frame.to_bytes() for frame in frames]


if __name__ == "__main__":
    main()
