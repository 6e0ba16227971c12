"""What is skipped without an extra is listed, by however many processes."""

import subprocess
import sys
from pathlib import Path

import pytest

SUPPORT = Path(__file__).parent / "support"
CONFTEST = f"""
import sys
from pathlib import Path

sys.path.append({str(SUPPORT.parent)!r})
from support.extras import SkippedForTrain

def pytest_configure(config):
    config.pluginmanager.register(SkippedForTrain(Path(__file__).parent), "skipped-for-train")
"""
NEEDS = """
import pytest

def need(): pytest.skip("needs gridcast[train]", allow_module_level=True)
"""


@pytest.mark.parametrize("processes", ["0", "2"])
def test_all_that_is_skipped_is_listed(tmp_path: Path, processes: str) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "needs.py").write_text(NEEDS)
    for name in ("test_network.py", "test_release.py"):  # they skip at the same line
        (tmp_path / name).write_text("import needs; needs.need()\n")
    (tmp_path / "test_half.py").write_text(
        "import needs\ndef test_without(): pass\ndef test_with(): needs.need()\n"
    )
    subprocess.run(
        [sys.executable, "-m", "pytest", "-n", processes, "--rootdir", str(tmp_path)],
        cwd=tmp_path,
        timeout=120,
        check=True,
    )
    listed = (tmp_path / "needs-train.txt").read_text().split()
    assert {name for name in listed if name.startswith("test_")} == {
        *("test_network.py", "test_release.py", "test_half.py::test_with"),
    }
    assert "src/gridcast/models/training" in listed
