import numpy as np
from river.anomaly import HalfSpaceTrees

from gridcast.models.detection.half_space_trees import (
    FEATURES,
    HEIGHT,
    SEED,
    TREES,
    WINDOW,
    HalfSpaceForests,
)
from gridcast.models.detection.hst_trees import GROWN_TREES
from gridcast.models.records import Record, RecordKind, decode, encode


def test_the_trees_are_those_that_river_grows() -> None:
    forest = HalfSpaceTrees(n_trees=TREES, height=HEIGHT, window_size=WINDOW, seed=SEED)
    forest.learn_one(dict.fromkeys(FEATURES, 0.5))  # type: ignore[no-untyped-call]  # it grows them when it first learns
    assert len(GROWN_TREES) == TREES
    for tree, (figure, threshold) in zip(forest.trees, GROWN_TREES, strict=True):
        inner, level = [], [tree]
        for _ in range(HEIGHT):
            inner += level
            level = [child for node in level for child in node.children]
        assert [FEATURES.index(node.feature) for node in inner] == figure.tolist()
        assert [node.threshold for node in inner] == threshold.tolist()


def test_each_group_has_the_scores_of_a_forest_of_rivers_own() -> None:
    seen = np.random.default_rng(1).random((2 * WINDOW + 20, 2, len(FEATURES)))
    forests = HalfSpaceForests(2)
    ours = np.array([forests.update(look) for look in seen])
    for group in range(2):
        forest = HalfSpaceTrees(n_trees=TREES, height=HEIGHT, window_size=WINDOW, seed=SEED)
        for turn, row in enumerate(seen[:, group].tolist()):
            figures = dict(zip(FEATURES, row, strict=True))
            if turn:  # River has no trees before it first learns
                assert ours[turn, group] == np.float32(forest.score_one(figures))  # type: ignore[no-untyped-call]
            forest.learn_one(figures)  # type: ignore[no-untyped-call]
    assert ours[-1].any()


def test_forests_come_back_from_their_record_to_the_bit() -> None:
    rng = np.random.default_rng(2)
    forests = HalfSpaceForests(3)
    for _ in range(WINDOW + 30):
        forests.update(rng.random((3, len(FEATURES))))
    kept = decode("detection/9", encode(Record(RecordKind.DETECTION, 9, forests.columns())))
    back = HalfSpaceForests()
    back.load(kept.columns)
    for _ in range(WINDOW):
        row = rng.random((3, len(FEATURES)))
        assert (forests.update(row) == back.update(row)).all()


def test_what_lies_where_nothing_lay_before_is_unusual() -> None:
    rng = np.random.default_rng(3)
    forests = HalfSpaceForests(1)
    usual = rng.normal(0.5, 0.03, (3 * WINDOW, 1, len(FEATURES)))
    scores = [float(forests.update(look)[0]) for look in usual][2 * WINDOW :]
    odd = float(forests.update(np.full((1, len(FEATURES)), 0.98))[0])
    assert odd > max(scores)
