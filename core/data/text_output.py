"""Writing small text files so that a reader sees the whole file or none of it."""

from __future__ import annotations

import contextlib
import os
import uuid
from pathlib import Path

from ..errors import OutputError
from .drafts import draft_prefix


def write_text_atomic(path: str | Path, text: str) -> None:
    """Write `text` as UTF-8, line ends as they are, replacing the file at `path` in one step.

    The text goes to a hidden file in the same folder that takes the final name when it is complete.

    Raises:
        OutputError: the folder is missing or not writable, the target is in use, or the disk is full.
    """
    target = Path(path)
    check_folder(target)
    draft = target.parent / f"{draft_prefix()}{uuid.uuid4().hex[:8]}.part"
    try:
        with draft.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
        os.replace(draft, target)
    except OSError as error:
        _remove(draft)
        raise OutputError(
            f"The file cannot be written ({error.strerror or error}).",
            where=str(target),
            remedy="Close it in other programs, check permissions and free space, or choose another name.",
        ) from error
    except BaseException:
        _remove(draft)
        raise


def check_folder(target: Path) -> None:
    """Raise `OutputError` unless the folder of `target` exists and the target can be a file in it."""
    try:
        target.exists()
    except OSError as error:  # the name is too long
        raise OutputError(
            f"There can be no file of this name ({error.strerror or error}).",
            where=f"{str(target)[:120]}...",
            remedy="Choose a shorter name.",
        ) from error
    if not target.parent.is_dir():
        raise OutputError(
            f"The folder '{target.parent}' does not exist.",
            where=str(target),
            remedy="Create it or choose another folder.",
        )
    if target.is_dir():
        raise OutputError(
            "There is a folder of this name.", where=str(target), remedy="Choose another file name."
        )


def _remove(draft: Path) -> None:
    with contextlib.suppress(OSError):  # the first error is the one to tell
        draft.unlink()
