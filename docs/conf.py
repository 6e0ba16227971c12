"""The documentation as a site: `uv run --group docs sphinx-build -qW docs site`.

The pages are plain Markdown, so that they also read well on GitHub. What only the site needs, its
navigation, is added here. With `-W` a link to a page, file or heading that does not exist ends the
build, and so does a page that the navigation lacks.
"""

from importlib.metadata import version as version_of

from sphinx.application import Sphinx

project = "gridcast"
author = "the gridcast maintainers"
version = release = version_of("gridcast")

extensions = ["myst_parser"]
myst_heading_anchors = 4
html_theme = "furo"
html_title = f"gridcast {version}"
html_last_updated_fmt = ""
html_copy_source = False

# What is built from these pages: caption of the navigation, and its pages in order.
NAVIGATION = {
    "Start": ["architecture", "glossary"],
    "Tutorials": ["tutorial/first-forecasts", "tutorial/train-a-model"],
    "How-to guides": ["howto/*"],
    "Reference": ["reference/*", "reference/cards/*"],
    "Explanation": ["explanation/*"],
    "Decisions": ["decisions/index", "decisions/*"],
}


def _add_navigation(_app: Sphinx, page: str, source: list[str]) -> None:
    if page == "index":
        for caption, pages in NAVIGATION.items():
            options = [":hidden:", ":glob:", f":caption: {caption}"]
            source[0] += "\n".join(["", "```{toctree}", *options, "", *pages, "```", ""])


def setup(app: Sphinx) -> None:
    """Add the navigation to the first page."""
    app.connect("source-read", _add_navigation)
