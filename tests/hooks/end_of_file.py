"""Fails when a text file named on the command line does not end with exactly one newline."""

from __future__ import annotations

import sys
from pathlib import Path

wrong = []
for name in sys.argv[1:]:
    content = Path(name).read_bytes()
    if content and (not content.endswith(b"\n") or content.endswith(b"\n\n")):
        wrong.append(name)
if wrong:
    sys.exit("does not end with one newline: " + ", ".join(wrong))
