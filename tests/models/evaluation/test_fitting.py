"""Overfitting, underfitting and outdated models are recognised, with reasons."""

from gridcast.models.evaluation.fitting import FitFault, PartErrors, judge_fit

WEEK = PartErrors(train=5.0, validation=5.0, test=5.0)
RIDGE = {"ridge": PartErrors(train=3.0, validation=3.0, test=3.0)}


def faults(model: PartErrors, reference: PartErrors = WEEK) -> list[FitFault]:
    return [flag.fault for flag in judge_fit(model, reference, RIDGE)]


def test_a_good_model_has_no_fault() -> None:
    assert faults(PartErrors(train=2.0, validation=2.1, test=2.2)) == []


def test_learned_by_heart() -> None:
    (flag,) = judge_fit(PartErrors(train=1.0, validation=2.0, test=2.0), WEEK, RIDGE)
    assert flag.fault is FitFault.OVERFITTED
    assert flag.reason == (
        "from train to validation the error grew 2.00 times, "
        "that of a forecaster that learns nothing 1.00 times"
    )


def test_a_harder_season_is_not_taken_for_learning_by_heart() -> None:
    harder = PartErrors(train=5.0, validation=10.0, test=10.0)
    assert faults(PartErrors(train=1.0, validation=2.0, test=2.0), harder) == []


def test_learned_too_little() -> None:
    found = judge_fit(PartErrors(train=3.5, validation=3.5, test=2.9), WEEK, RIDGE)
    assert [flag.fault for flag in found] == [FitFault.UNDERFITTED]
    assert "3.5" in found[0].reason
    assert "ridge 3" in found[0].reason


def test_beaten_by_a_baseline_and_outdated() -> None:
    assert faults(PartErrors(train=2.0, validation=2.0, test=3.5)) == [
        FitFault.OUTDATED,
        FitFault.BEATEN,
    ]
