"""The notebooks, executed whole on a small simulated grid, warnings as errors."""

from importlib.util import find_spec
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
SMALL = {
    "eda": "DAYS = 60",
    "splines": "DAYS, SERIES = 60, ['z01']",
    "errors": "DAYS, STEPS, SAMPLES = 60, 20, 500",
}
PICTURES = {"eda": 5, "splines": 4, "errors": 8}
STRICT = """
import warnings
warnings.simplefilter("error")
warnings.filterwarnings("default", module="ipykernel")  # of itself, when it is told to end
"""


def read(name: str) -> nbformat.NotebookNode:
    book: nbformat.NotebookNode = nbformat.read(  # type: ignore[no-untyped-call]
        NOTEBOOKS / f"{name}.ipynb", as_version=4
    )
    return book


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", SMALL)
def test_a_notebook_runs_from_top_to_bottom(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if name == "errors" and find_spec("torch") is None:
        pytest.skip("needs gridcast[train]: it trains a small model")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    book = read(name)
    (parameters,) = (
        place
        for place, cell in enumerate(book.cells)
        if "parameters" in cell.metadata.get("tags", [])
    )
    cell = nbformat.v4.new_code_cell(STRICT + SMALL[name])  # type: ignore[no-untyped-call]
    book.cells.insert(parameters + 1, cell)
    resources = {"metadata": {"path": str(NOTEBOOKS)}}
    NotebookClient(book, timeout=550, resources=resources).execute()
    outputs = [one for cell in book.cells for one in cell.get("outputs", [])]
    kinds = {"image/png", "image/svg+xml"}
    assert sum(bool(kinds & one.get("data", {}).keys()) for one in outputs) == PICTURES[name]
    told = [one.text for one in outputs if one.output_type == "stream"]
    assert not told, "warnings and stray prints"


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs(path: Path) -> None:
    book = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(book)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert not [cell for cell in code if cell.outputs or cell.execution_count is not None]
    assert path.stem in SMALL, "executed by a test"
