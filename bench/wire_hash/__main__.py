"""Run this bench: `uv run bench/wire_hash`."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).parents[1])  # imports begin in bench/, in child processes as well

from wire_hash.main import main

sys.exit(main())
