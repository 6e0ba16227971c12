"""What was learned by heart, too little, too long ago, or in vain, is said in words."""

from gridcast.models.evaluation.fitting import Errors, Fault, judge_fit

WEEK = Errors(train=5.0, validation=5.0, test=5.0)
RIDGE = {"ridge": Errors(train=3.0, validation=3.0, test=3.0)}


def faults(model: Errors, reference: Errors = WEEK) -> list[Fault]:
    return [flag.fault for flag in judge_fit(model, reference, RIDGE)]


def test_a_good_model_has_no_fault():
    assert faults(Errors(train=2.0, validation=2.1, test=2.2)) == []


def test_learned_by_heart():
    (flag,) = judge_fit(Errors(train=1.0, validation=2.0, test=2.0), WEEK, RIDGE)
    assert flag.fault is Fault.OVERFITTED
    assert flag.reason == (
        "from train to validation the error grew 2.00 times, "
        "that of a forecaster that learns nothing 1.00 times"
    )


def test_a_harder_season_is_not_taken_for_learning_by_heart():
    harder = Errors(train=5.0, validation=10.0, test=10.0)
    assert faults(Errors(train=1.0, validation=2.0, test=2.0), harder) == []


def test_learned_too_little():
    found = judge_fit(Errors(train=3.5, validation=3.5, test=2.9), WEEK, RIDGE)
    assert [flag.fault for flag in found] == [Fault.UNDERFITTED]
    assert "3.5" in found[0].reason
    assert "ridge 3" in found[0].reason


def test_beaten_by_a_baseline_and_outdated():
    assert faults(Errors(train=2.0, validation=2.0, test=3.5)) == [Fault.OUTDATED, Fault.BEATEN]
