"""Fails when a file named on the command line is larger than 500 kB."""

from __future__ import annotations

import sys
from pathlib import Path

LIMIT = 500_000
large = [name for name in sys.argv[1:] if Path(name).is_file() and Path(name).stat().st_size > LIMIT]
if large:
    sys.exit(f"larger than {LIMIT} bytes: " + ", ".join(large))
