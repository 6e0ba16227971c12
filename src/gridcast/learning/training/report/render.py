"""The report as Markdown and HTML."""

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from gridcast.learning.training.report.sections import Section


def render(
    template: str, title: str, lines: Sequence[str], sections: Sequence[Section], **more: Any
) -> str:
    """Render one of this folder's templates."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - only to train

    environment = Environment(
        loader=PackageLoader("gridcast.learning.training", "report"),
        autoescape=template.endswith(".html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["cell"] = _cell
    environment.filters["base64"] = lambda text: b64encode(text.encode()).decode()
    return environment.get_template(template).render(
        title=title, lines=lines, sections=sections, **more
    )


def _cell(text: str) -> str:
    """Escape a cell of a Markdown table."""
    return text.replace("|", "\\|").replace("\n", " ")
