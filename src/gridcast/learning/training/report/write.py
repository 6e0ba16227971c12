"""Write a run's report into its folder: Markdown, HTML and separate pictures."""

from collections.abc import Iterator, Mapping, Sequence

from gridcast.learning.training.folder import RunFolder
from gridcast.learning.training.judge import Judged
from gridcast.learning.training.report.pictures import Window, draw_days, draw_window
from gridcast.learning.training.report.render import render
from gridcast.learning.training.report.sections import (
    Figure,
    Section,
    section_of_edge,
    section_of_learning,
    section_of_smoothing,
    sections_of_data,
    slug,
)
from gridcast.learning.training.results import Edge, Results


def write_report(
    folder: RunFolder,
    results: Results,
    judged: Sequence[tuple[Judged, Window | None]],
    losses: Sequence[Mapping[str, float]],
    edge: Edge,
) -> None:
    """Write `report.md`, `report.html` and `plots/`."""
    sections = list(_sections(results, judged, losses, edge))
    for section in sections:
        for figure in section.figures:
            folder.write(f"plots/{figure.name}", figure.svg)
    members = f"{results.network}, {results.parameters:,} weights"
    lines = [f"Run {folder.run}: {members}. Its config is in config.toml, its data in data.json."]
    title = f"Training report: {folder.run}"
    folder.write("report.md", render("report.md.j2", title, lines, sections))
    folder.write("report.html", render("report.html.j2", title, lines, sections))


def _sections(
    results: Results,
    judged: Sequence[tuple[Judged, Window | None]],
    losses: Sequence[Mapping[str, float]],
    edge: Edge,
) -> Iterator[Section]:
    for judged_file, window in judged:
        yield from sections_of_data(judged_file.scores, list(_drawn(judged_file, window)))
    error = results.data[0].error
    if results.smoothing is not None:
        yield section_of_smoothing(results.smoothing, error)
    yield section_of_learning(results, losses)
    yield section_of_edge(edge, error)


def _drawn(judged: Judged, window: Window | None) -> Iterator[Figure]:
    title = judged.scores.title
    if judged.best is not None and judged.worst is not None:
        drawn = draw_days(judged.best, judged.worst)
        yield Figure(f"{slug(title)}-days.svg", f"{title}: the best and the worst forecast", drawn)
    if window is not None:
        drawn = draw_window(window)
        yield Figure(f"{slug(title)}-window.svg", f"{title}: a window raw and smoothed", drawn)
