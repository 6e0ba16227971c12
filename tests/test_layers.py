"""The import rule of docs/architecture.md holds."""

import subprocess
import sys
from pathlib import Path


def test_packages_import_only_downwards_and_models_stay_pure() -> None:
    # In a process of its own: import-linter reconfigures logging, which other tests capture.
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
