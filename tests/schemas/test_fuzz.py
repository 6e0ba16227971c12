"""100,000 fuzzed records: nothing raised but the named reasons, and good neighbours all kept.

A longer run: ``GRIDCAST_FUZZ_RECORDS=5000000 uv run pytest tests/schemas/test_fuzz.py -s``;
another stretch of the space: ``GRIDCAST_FUZZ_SEED=7``.
"""

import os
from collections import Counter

import pytest
from support.mutations import mutated

from gridcast.schemas import TOPICS, Message, Reason, Refusal, decode, read

RECORDS = int(os.environ.get("GRIDCAST_FUZZ_RECORDS", "100000"))
SEED = int(os.environ.get("GRIDCAST_FUZZ_SEED", "1"))
BATCH = 500


@pytest.mark.timeout(600 + RECORDS // 1000)
def test_fuzzed_records_are_refused_by_name_and_good_neighbours_are_all_kept() -> None:
    reasons: Counter[str] = Counter()
    kept = intact_in_all = 0
    for number in range(-(-RECORDS // BATCH)):
        keys, values, intact = mutated(SEED * 10**9 + number, BATCH)
        decoded = decode(keys, values)
        used = set(decoded.message.tolist())
        assert set(intact) <= used, f"batch {number} lost a good record"
        assert used | {place for place, _ in decoded.refused} == set(range(BATCH))
        assert all(isinstance(refusal.reason, Reason) for _, refusal in decoded.refused)
        reasons.update(refusal.reason.value for _, refusal in decoded.refused)
        kept += len(used)
        intact_in_all += len(intact)
    refused = sum(reasons.values())
    print(f"\n{RECORDS:,} records: {intact_in_all:,} intact, {kept:,} used, {refused:,} refusals")
    print(", ".join(f"{name} {count:,}" for name, count in reasons.most_common()))
    assert intact_in_all > RECORDS // 3
    assert len(reasons) >= 10, "the fuzzer has become too tame"


def test_fuzzed_records_of_the_other_topics_are_read_or_refused_by_name() -> None:
    for number in range(20):
        keys, values, _ = mutated(SEED * 10**9 + number, 50)
        for topic in (topic for topic in TOPICS if topic.models):
            for key, value in zip(keys, values, strict=True):
                assert isinstance(read(topic, key, value), Message | Refusal | None)
