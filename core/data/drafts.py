"""Names of files in the making, and their removal after the process that made them was killed.

Every draft lies in the folder of its target and carries the id of its process. What a run left that could not
tidy up (killed, crashed, out of memory) is thus found without touching the drafts of other processes.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Collection
from pathlib import Path


def draft_prefix(process_id: int | None = None) -> str:
    """Return how the hidden name of a draft begins; None stands for this process."""
    return f".{scratch_prefix(process_id)}"


def scratch_prefix(process_id: int | None = None) -> str:
    """Return how the name of a scratch folder in the temporary folder begins; None: this process."""
    return f"landfuse-{os.getpid() if process_id is None else process_id}-"


def remove_drafts(targets: Collection[str], process_id: int | None = None) -> None:
    """Remove what a process left beside `targets` and in the temporary folder; what is in use stays."""
    folders = {Path(target).parent for target in targets} | {Path(target) for target in targets}
    left = [path for folder in folders for path in folder.glob(f"{draft_prefix(process_id)}*")]
    left += Path(tempfile.gettempdir()).glob(f"{scratch_prefix(process_id)}*")
    for path in left:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            _remove(path)


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except OSError:  # held by another program, or gone already: there is nobody left to tell
        return
