"""The job `modelinfo`: says what is in a model file, from its header alone (no torch, no weights read)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..data.classes import LandClass, classes_from_json
from ..data.staged_output import check_writable
from ..data.text_output import write_text_atomic
from ..errors import ClassesError, ModelFileError
from ..job import Job
from ..job_spec import JobResult
from ..models.catalog import CATALOG
from ..models.model_file import read_metadata, read_preprocess_arrays
from ..progress import Progress, silent
from .accuracy_sections import class_section, definitions, headline, matrix_section, measured
from .confusion import ConfusionMatrix
from .html import Content, Markup, join, page, properties, section, swatch, table
from .metrics import compute_metrics
from .source_needs import Ranges, needs_section, shortened, source_facts

Facts = Sequence[tuple[str, str]]


def run(job: Job, progress: Progress = silent) -> JobResult:
    """Log the content of a model file and write it as a page. Raises `ModelFileError` and `OutputError`."""
    path = Path(job.parameters["model"])
    target = job.outputs.get("report", "")
    if target:
        check_writable(target)
    metadata = read_metadata(path)
    try:
        classes = classes_from_json(metadata["classes"])
        ranges = training_ranges(path)
        for line in card_lines(metadata, path.name, classes, ranges):
            progress.log(line)
        if target:
            write_text_atomic(target, card_html(metadata, path.name, classes, ranges))
    except (KeyError, TypeError, ValueError, AttributeError, ClassesError) as error:
        raise ModelFileError(
            f"The model file is damaged: its description does not fit ({type(error).__name__}: {error}).",
            where=str(path),
            remedy="Copy or download it again, or train a new model.",
        ) from error
    return JobResult({"report": target} if target else {}, {"N_CLASSES": len(classes)})


def training_ranges(path: Path) -> dict[str, list[tuple[float, float]]]:
    """Return per modality the range of each raw band in training (half a per cent left out at each end)."""
    arrays = read_preprocess_arrays(path)
    keys = [name.split(".")[1] for name in arrays if name.endswith(".low")]
    return {
        key: [
            (float(low), float(high))
            for low, high in zip(arrays[f"preprocess.{key}.low"], arrays[f"preprocess.{key}.high"])
        ]
        for key in keys
    }


def card_lines(
    metadata: Mapping[str, Any], name: str, classes: Sequence[LandClass], ranges: Ranges
) -> list[str]:
    """Return the card as lines of plain text; `ranges`: of each modality's bands in training."""
    lines = [f"{name}: {method_title(metadata)}"]
    needs = ("Sources it needs", source_facts(metadata, ranges))
    model, *others = _groups(metadata)
    for heading, facts in (model, needs, *others):
        lines += [f"{heading}:", *(f"  {label}: {value}" for label, value in facts)] if facts else []
    lines.append("Classes:")
    return [*lines, *(f"  {c.value}  {c.name}  {c.color}" for c in classes)]


def card_html(metadata: Mapping[str, Any], name: str, classes: Sequence[LandClass], ranges: Ranges) -> str:
    """Return the card as a page; `ranges`: of each modality's bands in training."""
    head = ["Class", "Value", "Colour"]
    rows = [[join([swatch(c.color), c.name], ""), str(c.value), c.color] for c in classes]
    model, *others = _groups(metadata)
    sections: list[Content] = [section(model[0], properties(model[1])), needs_section(metadata, ranges)]
    sections.append(section(f"Classes ({len(classes)})", table(head, rows, numeric=[1])))
    sections += _accuracy(metadata, classes)
    sections += [section(heading, properties(facts)) for heading, facts in others]
    return page(name, method_title(metadata), sections)


def method_title(metadata: Mapping[str, Any]) -> str:
    """Return the title of the method; its name where this version does not know it."""
    method = str(metadata.get("method", ""))
    return CATALOG[method].title if method in CATALOG else f"{method} (not known to this version)"


def _groups(metadata: Mapping[str, Any]) -> list[tuple[str, Facts]]:
    return [
        ("Model", _model_facts(metadata)),
        (
            "Scores",
            _flat({k: v for k, v in metadata.get("scores", {}).items() if k not in ("matrix", "groups")}),
        ),
        ("Grid", _flat(metadata.get("grid", {}))),
        ("Training", _flat(metadata.get("training", {}))),
    ]


def _model_facts(metadata: Mapping[str, Any]) -> Facts:
    config, facts = metadata["config"], [("Method", method_title(metadata))]
    entry = CATALOG.get(str(metadata.get("method", "")))
    if entry is not None:
        facts += [("Paper", entry.paper), ("Good for", entry.good_for)]
    used = ", ".join(f"{key} {count}" for key, count in config["bands"].items())
    facts += [("Bands the method sees", used), (_side_label(metadata), _side(metadata))]
    facts += [(_label(key), _plain(value)) for key, value in config.get("options", {}).items()]
    return [*facts, ("Format of the file", str(metadata.get("landfuse_model", "")))]


def _side_label(metadata: Mapping[str, Any]) -> str:
    return "Tile side" if metadata["config"].get("tile_size") else "Patch side"


def _side(metadata: Mapping[str, Any]) -> str:
    side = metadata["config"].get("tile_size") or metadata["config"]["patch_size"]
    metres = metadata.get("grid", {}).get("patch_metres")
    return f"{side} pixels" + (f" = {float(metres):g} m" if isinstance(metres, (int, float)) else "")


def _accuracy(metadata: Mapping[str, Any], classes: Sequence[LandClass]) -> list[Markup]:
    """Return the matrix and the figures per class, where the model file holds a matrix."""
    stored = metadata.get("scores", {}).get("matrix")
    if not stored:
        return []
    matrix = ConfusionMatrix(np.asarray(stored), tuple(classes)).without_empty_classes()
    metrics = compute_metrics(matrix)
    where = str(metadata["scores"].get("measured_on", "samples that the file does not name"))
    return [
        section("Accuracy", headline(metrics, None, None), measured(where, metrics, None, None)),
        matrix_section(matrix, where),
        class_section(matrix, metrics, where),
        definitions(),
    ]


def _flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Return nested values as lines of label and text; long lists are shortened, empty values left out."""
    lines: list[tuple[str, str]] = []
    for key, value in values.items():
        label = f"{prefix}{_label(key)}" if not prefix else f"{prefix}{_label(key).lower()}"
        if isinstance(value, Mapping):
            lines += _flat(value, f"{label}, ")
        elif value not in (None, "", [], ()):
            lines.append((label, _plain(value)))
    return lines


def _label(key: str) -> str:
    words = str(key).replace("_", " ")
    return words[:1].upper() + words[1:]


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, (list, tuple)):
        return shortened([_plain(item) for item in value])
    if isinstance(value, Mapping):
        return ", ".join(f"{_label(k)} {_plain(v)}" for k, v in value.items())
    return str(value)
