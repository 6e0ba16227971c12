"""Run this bench: `uv run bench/calibration`."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).parents[1])  # imports begin in bench/, in child processes as well

from calibration.main import main

sys.exit(main())
