"""Files that appear under their final names only when all of them are complete."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path

from ..errors import OutputError
from .drafts import draft_prefix
from .text_output import check_folder

_IN_USE = "Close it in QGIS and other programs, or choose another name."


def check_writable(path: str | Path) -> None:
    """Try, before a run, whether a file can be made or replaced at `path`; leaves nothing behind.

    Raises:
        OutputError: the folder is missing or not writable, the target is a folder or is held by another
        program.
    """
    target = Path(path)
    check_folder(target)
    try:
        os.rmdir(_hidden_folder(target))
    except OSError as error:
        raise _not_writable(target, error) from error
    if target.exists():
        try:
            os.replace(target, target)  # does nothing, but Windows refuses while the file is open elsewhere
        except OSError as error:
            raise OutputError("The file is in use.", where=str(target), remedy=_IN_USE) from error


def _hidden_folder(target: Path) -> str:
    return tempfile.mkdtemp(prefix=draft_prefix(), dir=target.parent)


def _not_writable(target: Path, error: OSError) -> OutputError:
    return OutputError(
        f"The folder '{target.parent}' cannot be written to ({error.strerror or error}).",
        where=str(target),
        remedy="Choose another folder or change its permissions.",
    )


class StagedOutput:
    """A hidden folder beside a target, in which it and its sidecars are made under their final names.

    `commit` moves them, sidecars first and the target last; `discard` removes everything. An existing target
    and its sidecars stay as they are until then, and are put back if moving fails half-way.
    """

    def __init__(self, path: str | Path) -> None:
        check_writable(path)
        self.target = Path(path)
        try:
            self._folder = Path(_hidden_folder(self.target))
        except OSError as error:
            raise _not_writable(self.target, error) from error

    @property
    def draft(self) -> Path:
        """Where the target is made."""
        return self._folder / self.target.name

    def write_text(self, name: str, text: str) -> None:
        """Make a small text file beside the draft. Raises `OutputError`."""
        try:
            (self._folder / name).write_bytes(text.encode("utf-8"))  # line ends as they are, also on Windows
        except OSError as error:
            raise _not_writable(self.target, error) from error

    def commit(self, stale: Sequence[str] = (), stale_names: Collection[str] = ()) -> None:
        """Move all files of the hidden folder to their places.

        `stale`: suffixes of sidecars that an older target may have and that go with it; `stale_names`: whole
        names of such.

        Raises:
            OutputError: a file could not be replaced; the older files are back in their places.
        """
        names = sorted(p.name for p in self._folder.iterdir())
        names.sort(key=lambda name: name == self.target.name)
        old = {*stale_names, *(self.target.name + suffix for suffix in stale)} - set(names)
        attic = self._folder / ".old"
        try:
            attic.mkdir()
            for name in [*sorted(old), *names]:
                self._replace(name, attic)
        except OSError as error:
            self._put_back(attic, names)
            self.discard()
            raise OutputError(
                f"The file cannot be replaced ({error.strerror or error}).",
                where=str(self.target),
                remedy=_IN_USE,
            ) from error
        self.discard()

    def _replace(self, name: str, attic: Path) -> None:
        final, draft = self.target.parent / name, self._folder / name
        if final.exists() and name != self.target.name:
            os.replace(final, attic / name)
        if draft.exists():
            os.replace(draft, final)

    def _put_back(self, attic: Path, names: Sequence[str]) -> None:
        for name in names:
            if name != self.target.name and not (self._folder / name).exists():
                (self.target.parent / name).unlink()  # it was moved already
        for kept in attic.iterdir():
            os.replace(kept, self.target.parent / kept.name)

    def discard(self) -> None:
        """Remove the hidden folder and what is in it."""
        shutil.rmtree(self._folder, ignore_errors=True)
