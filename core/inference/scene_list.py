"""Which scenes are to be mapped and which of their files is which source: from a folder or from a list."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import JobError, ModalityError
from ..job_spec import MODALITIES

_NO_RASTERS = (
    ".aux.xml", ".ovr", ".msk", ".hdr", ".qml", ".qmd", ".prj", ".tfw", ".tifw", ".wld", ".xml", ".json",
    ".txt", ".csv", ".md", ".html", ".pdf", ".gpkg", ".gpkg-wal", ".gpkg-shm", ".shp", ".shx", ".dbf", ".cpg",
    ".qgz", ".qgs", ".safetensors", ".png", ".jpg", ".jpeg", ".gif", ".ini", ".db",
)  # fmt: skip
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_SEPARATOR = ";"  # between the files of one cell


@dataclass(frozen=True)
class SceneFiles:
    """One scene: its name, the files of each modality in order, and what is wrong with it ("" = nothing).

    `options`: per modality a line as `source_options` reads it.
    """

    name: str
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    mask: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""


def find_scenes(
    place: str, needs: Mapping[str, Sequence[str]], leave_out: Iterable[str] = ()
) -> list[SceneFiles]:
    """Return the scenes of a folder (its sub-folders) or of a list, in the order of names or lines.

    `needs`: modalities of the model with the names of the files it was trained on, which tell files apart
    that do not say their modality. `leave_out`: folders that hold no scene. Raises `JobError` for a place
    that holds no scenes and a list that cannot be read.
    """
    path = Path(place)
    if path.is_dir():
        scenes = _in_folder(path, needs, {Path(folder).resolve() for folder in leave_out})
    elif path.is_file():
        scenes = _in_list(path, needs)
    else:
        raise JobError(
            "There is no such folder or list.", where=place, remedy="Choose the scenes' folder again."
        )
    if not scenes:
        raise JobError(
            "No scene is here.",
            where=place,
            remedy="Give a folder with one sub-folder for each scene, or a list (CSV) with the columns "
            f"scene, {', '.join(needs)}.",
        )
    return scenes


def _in_folder(folder: Path, needs: Mapping[str, Sequence[str]], leave_out: set[Path]) -> list[SceneFiles]:
    found = []
    for path in sorted(folder.iterdir(), key=lambda p: p.name.casefold()):
        if path.is_dir() and not path.name.startswith(".") and path.resolve() not in leave_out:
            files = _candidates(path)
            if files:
                found.append(assign(path.name, files, needs))
    return found


def _candidates(folder: Path) -> list[Path]:
    """Return what may be a raster: files without the names of sidecars, and folders of products."""
    entries = sorted(folder.iterdir(), key=lambda p: p.name.casefold())
    return [p for p in entries if not p.name.startswith(".") and not p.name.casefold().endswith(_NO_RASTERS)]


def assign(name: str, files: Sequence[Path], needs: Mapping[str, Sequence[str]]) -> SceneFiles:
    """Say which file of a scene is which modality.

    By the modality's key as a word of the name (`hsi.tif`, `S1_sar_vv.tif`); where no name has it, by the
    names of the files in training. A file with the word `mask` is the mask.
    """
    masks = [p for p in files if "mask" in _words(p.name)]
    rest = [p for p in files if p not in masks]
    found = {key: _files_of(key, trained, rest) for key, trained in needs.items()}
    missing = [key for key, paths in found.items() if not paths]
    problem = ""
    if missing:
        problem = f"No file for {', '.join(missing)}; there are {_listed([p.name for p in rest])}."
    elif len(masks) > 1:
        problem = f"There are {len(masks)} masks: {_listed([p.name for p in masks])}."
    mask = str(masks[0]) if masks else ""
    return SceneFiles(
        name, {key: tuple(map(str, paths)) for key, paths in found.items()}, mask, problem=problem
    )


def _files_of(key: str, trained: Sequence[str], files: Sequence[Path]) -> list[Path]:
    by_key = [p for p in files if key in _words(p.name)]
    if by_key:
        return by_key
    order = {name.casefold(): position for position, name in enumerate(trained)}
    by_name = [p for p in files if p.name.casefold() in order and not _words(p.name) & set(MODALITIES)]
    return sorted(by_name, key=lambda p: order[p.name.casefold()])


def _words(name: str) -> set[str]:
    return set(re.split(r"[^a-z]+", name.casefold()))


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    return shown or "none"


def _in_list(path: Path, needs: Mapping[str, Sequence[str]]) -> list[SceneFiles]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise JobError(
            f"The list cannot be read ({error}).",
            where=str(path),
            remedy="Save it as CSV text in UTF-8.",
        ) from error
    lines = text.splitlines()
    delimiter = "\t" if lines and "\t" in lines[0] else ","
    rows = csv.DictReader(lines, delimiter=delimiter, skipinitialspace=True)
    _check_columns(rows.fieldnames or (), needs, path)
    found: dict[str, SceneFiles] = {}
    for row in rows:
        cells = {str(column).strip(): str(value or "").strip() for column, value in row.items()}
        if not any(cells.values()):
            continue
        scene = _from_row(cells, needs, path)
        if scene.name.casefold() in found:
            raise JobError(
                f"Scene '{scene.name}' is in the list twice.",
                where=str(path),
                remedy="Give every scene a name of its own; files of one scene belong in one line.",
            )
        found[scene.name.casefold()] = scene
    return list(found.values())


def _check_columns(columns: Sequence[str], needs: Mapping[str, Sequence[str]], path: Path) -> None:
    known = {"scene", "mask", *MODALITIES, *(f"{key}_options" for key in MODALITIES)}
    given = [column.strip() for column in columns]
    strange, missing = [c for c in given if c not in known], [c for c in ("scene", *needs) if c not in given]
    if not strange and not missing:
        return
    told = [f"unknown column '{c}'" for c in strange] + [f"column '{c}' is missing" for c in missing]
    raise JobError(
        f"The list does not have the columns that are needed: {'; '.join(told)}.",
        where=str(path),
        remedy=f"The first line is: scene,{','.join(needs)}. Several files of a cell are separated by "
        f"'{_SEPARATOR}'; paths are relative to the list. Also known: mask, and hsi_options and its like.",
    )


def _from_row(cells: Mapping[str, str], needs: Mapping[str, Sequence[str]], path: Path) -> SceneFiles:
    name = cells["scene"]
    if not name or _FORBIDDEN.search(name) or name.startswith("."):
        raise JobError(
            f"'{name}' cannot be the name of a scene: its map is named after it.",
            where=str(path),
            remedy='Use a name without < > : " / \\ | ? * that does not begin with a point.',
        )
    files = {
        key: tuple(part.strip() for part in cells[key].split(_SEPARATOR) if part.strip()) for key in needs
    }
    missing = [key for key, paths in files.items() if not paths]
    options = {key: cells.get(f"{key}_options", "") for key in needs}
    problem = f"The list names no file for {', '.join(missing)}." if missing else ""
    return SceneFiles(name, files, cells.get("mask", ""), options, problem)


def require_complete(scene: SceneFiles) -> None:
    """Raise `ModalityError` for a scene with a problem."""
    if scene.problem:
        raise ModalityError(
            scene.problem,
            where="files of the scene",
            remedy="Put the modality's key into the file names (such as sar_vv.tif), or name the files in a "
            "list (SCENE_LIST).",
        )
