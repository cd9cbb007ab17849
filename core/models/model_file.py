"""The model file: everything that prediction needs, in one `.safetensors` file. Free of torch.

Arrays are named `network.*` (the method's own part: a state dict, or the trees of a forest) and
`preprocess.*`. The header's text `landfuse` is JSON: method, configuration, recipe of the modalities,
normalisation, classes, grid, scores, training. It holds no user name and no absolute path.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data.classes import LandClass, classes_from_json
from ..errors import ClassesError, ModelFileError
from .config import ModelConfig
from .tensor_file import Arrays, Header, read_arrays, read_header, write_arrays

if TYPE_CHECKING:
    from ..data.normalisation import Preprocess

FORMAT = 1
_KEY = "landfuse"
_VERSION = "landfuse_model"
_NETWORK = "network."
_PREPROCESS = "preprocess."
_ABSOLUTE = re.compile(r"^(/|~|\\\\|[A-Za-z]:[\\/]|file:)")
_RETRAIN = "Copy or download it again, or train a new model."


@dataclass(frozen=True)
class TrainedModel:
    """A trained model of any method.

    Attributes:
        method: Name in the catalogue.
        config: Sizes and settings; `bands` in the order of use, after any PCA.
        modalities: Per modality the recipe for reading it: bands with wavelength or name, quantity, number of
            raw bands, pixel size in metres.
        preprocess: What turns raw bands into the method's input.
        classes: Class k of the logits is the k-th of these.
        grid: Pixel size, patch side and the like, in metres.
        arrays: The method's own arrays by name, without prefix.
        scores: Numbers measured, each with what it was measured on.
        training: Seed, split, epochs, versions.
    """

    method: str
    config: ModelConfig
    modalities: Mapping[str, Any]
    preprocess: Preprocess
    classes: tuple[LandClass, ...]
    grid: Mapping[str, Any]
    arrays: Arrays
    scores: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)


def write_model(path: str | os.PathLike[str], model: TrainedModel) -> None:
    """Write the model file; a file of that name is replaced only when the new one is complete.

    Raises:
        OutputError: the file cannot be written.
        ValueError: the description holds an absolute path (a programming mistake: it would tell who trained).
    """
    description = {
        _VERSION: FORMAT,
        "method": model.method,
        "config": model.config.to_json(),
        "modalities": model.modalities,
        "preprocess": model.preprocess.to_json(),
        "classes": [c.to_json() for c in model.classes],
        "grid": model.grid,
        "scores": model.scores,
        "training": model.training,
    }
    for part in ("modalities", "grid", "scores", "training"):
        _refuse_absolute_paths(part, description[part])
    arrays = {_NETWORK + name: array for name, array in model.arrays.items()}
    arrays.update(model.preprocess.to_arrays())
    write_arrays(path, arrays, json.dumps(_plain(description), ensure_ascii=False, allow_nan=False), _KEY)


def read_metadata(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the description alone, without the arrays.

    Raises:
        ModelFileError: the file is missing, truncated, not a Landfuse model, or of a newer version.
    """
    return _description(read_header(path), path)


def read_model(path: str | os.PathLike[str]) -> TrainedModel:
    """Read a model file completely; raises like `read_metadata`."""
    from ..data.normalisation import Preprocess  # here: `read_metadata` must work without it

    header = read_header(path)
    description = _description(header, path)
    arrays = read_arrays(path, header)
    try:
        model = TrainedModel(
            str(description["method"]),
            ModelConfig.from_json(description["config"]),
            description["modalities"],
            Preprocess.from_arrays(_part(arrays, _PREPROCESS, keep=True), description["preprocess"]),
            classes_from_json(description["classes"]),
            description["grid"],
            _part(arrays, _NETWORK),
            description["scores"],
            description["training"],
        )
    except (KeyError, TypeError, ValueError, AttributeError, ClassesError) as error:
        raise ModelFileError(
            f"The model file is damaged: its description does not fit ({type(error).__name__}: {error}).",
            where=str(path),
            remedy=_RETRAIN,
        ) from error
    _check(model, path)
    return model


def _description(header: Header, path: str | os.PathLike[str]) -> dict[str, Any]:
    text = header.metadata.get(_KEY)
    if text is None:
        raise ModelFileError(
            "This .safetensors file was not written by Landfuse: it does not say which bands, classes and "
            "normalisation belong to its weights.",
            where=str(path),
            remedy="Choose a model file that Landfuse's Train has written.",
        )
    try:
        description = json.loads(text)
        version = int(description[_VERSION])
    except (ValueError, KeyError, TypeError) as error:
        raise ModelFileError(
            "The model file is damaged: its description cannot be understood.",
            where=str(path),
            remedy=_RETRAIN,
        ) from error
    if version > FORMAT:
        raise ModelFileError(
            f"The model file has format {version}; this version of Landfuse reads up to format {FORMAT}.",
            where=str(path),
            remedy="Update the Landfuse plugin, or train the model with this version.",
        )
    return dict(description)


def _check(model: TrainedModel, path: str | os.PathLike[str]) -> None:
    """Check that the parts of the description agree with each other."""
    problem = ""
    if len(model.classes) != model.config.n_classes:
        problem = f"{len(model.classes)} classes are listed for {model.config.n_classes} outputs"
    elif set(model.modalities) != set(model.config.bands):
        problem = (
            f"modalities {sorted(model.modalities)} are described, {sorted(model.config.bands)} are used"
        )
    elif not model.arrays:
        problem = "there are no weights in it"
    if problem:
        raise ModelFileError(f"The model file is damaged: {problem}.", where=str(path), remedy=_RETRAIN)


def _part(arrays: Arrays, prefix: str, keep: bool = False) -> Arrays:
    start = 0 if keep else len(prefix)
    return {name[start:]: array for name, array in arrays.items() if name.startswith(prefix)}


def _plain(value: Any) -> Any:
    """Turn tuples, numpy numbers and numbers that are not finite (null) into what JSON can hold."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _refuse_absolute_paths(where: str, value: Any) -> None:
    if isinstance(value, Mapping):
        for key, item in value.items():
            _refuse_absolute_paths(f"{where}.{key}", item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _refuse_absolute_paths(where, item)
    elif isinstance(value, Path) or (isinstance(value, str) and _ABSOLUTE.match(value)):
        raise ValueError(f"{where} holds the absolute path {value!s}, which must not go into a model file")
