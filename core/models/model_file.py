"""The model file: everything that prediction needs, in one `.safetensors` file. Free of torch.

Arrays are named `network.*` (the method's own part: a state dict, or the trees of a forest), `preprocess.*`
and, for a network with generative information, `information.*` (diffusion models, see `extractor_file`). The
header's text `landfuse` is JSON: method, configuration, recipe of the modalities, normalisation, classes,
grid, scores, training. It holds no user name and no absolute path.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data.classes import LandClass, classes_from_json
from ..errors import LandfuseError, ModelFileError
from .catalog import CATALOG
from .config import INFORMATION, ModelConfig
from .tensor_file import Header, read_arrays, read_header, write_arrays

if TYPE_CHECKING:
    from ..data.normalisation import Preprocess
    from .tensor_file import Arrays

FORMAT = 1
_KEY = "landfuse"
_VERSION = "landfuse_model"
_NETWORK = "network."
_PREPROCESS = "preprocess."
_INFORMATION = "information."
_ABSOLUTE = re.compile(r"^(/|~|\\\\|[A-Za-z]:[\\/]|file:)")


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
        information: Per modality what is no array of the diffusion model that makes its generative
            information, {} without; `information_arrays` are its arrays.
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
    information: Mapping[str, Any] = field(default_factory=dict)
    information_arrays: Arrays = field(default_factory=dict)


def write_model(path: str | os.PathLike[str], model: TrainedModel) -> None:
    """Write the model file; a file of that name is replaced only when the new one is complete.

    Absolute paths in the description are cut down to file names: they would tell who trained, and where.

    Raises:
        OutputError: the file cannot be written.
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
        "information": model.information,
    }
    for part in ("modalities", "grid", "scores", "training"):
        description[part] = _without_folders(description[part])
    arrays = {_NETWORK + name: array for name, array in model.arrays.items()}
    arrays.update(model.preprocess.to_arrays())
    arrays.update({_INFORMATION + name: array for name, array in model.information_arrays.items()})
    write_arrays(path, arrays, json.dumps(_plain(description), ensure_ascii=False, allow_nan=False), _KEY)


def read_metadata(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the description alone, without the arrays.

    Raises:
        ModelFileError: the file is missing, truncated, not a Landfuse model, or of a newer version.
    """
    return _description(read_header(path), path)


def read_preprocess_arrays(path: str | os.PathLike[str]) -> Arrays:
    """Return the arrays named `preprocess.*` alone, not the weights; raises like `read_metadata`."""
    header = read_header(path)
    wanted = {name: entry for name, entry in header.entries.items() if name.startswith(_PREPROCESS)}
    return read_arrays(path, replace(header, entries=wanted))


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
            description.get("information", {}),
            _part(arrays, _INFORMATION),
        )
    except LandfuseError as error:  # tells what is wrong, but not in which file
        raise _damaged(path, error.what.rstrip(".")) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(path, f"its description does not fit ({type(error).__name__}: {error})") from error
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
        raise _damaged(path, "its description cannot be understood") from error
    if version > FORMAT:
        raise ModelFileError(
            f"The model file has format {version}; this version of Landfuse reads up to format {FORMAT}.",
            where=str(path),
            remedy="Update the Landfuse plugin, or train the model with this version.",
        )
    return dict(description)


def _check(model: TrainedModel, path: str | os.PathLike[str]) -> None:
    """Check that the method is known and that the parts of the description agree with each other."""
    if model.method not in CATALOG:
        raise ModelFileError(
            f"The model uses the method '{model.method}', which this version of Landfuse does not have.",
            where=str(path),
            remedy="Update the Landfuse plugin, or train a model with a method of this version.",
        )
    problem = ""
    informed = {INFORMATION.format(key) for key in model.information}
    inputs = {key: n.n_out for key, n in model.preprocess.items() if key not in informed}
    if len(model.classes) != model.config.n_classes:
        problem = f"{len(model.classes)} classes are listed for {model.config.n_classes} outputs"
    elif set(model.modalities) != set(model.config.bands):
        problem = (
            f"modalities {sorted(model.modalities)} are described, {sorted(model.config.bands)} are used"
        )
    elif CATALOG[model.method].kind != "pixel" and inputs != dict(model.config.bands):
        problem = f"the bands after scaling ({inputs}) are not those of the network"
    elif not model.arrays:
        problem = "there are no weights in it"
    if problem:
        raise _damaged(path, problem)


def _damaged(path: str | os.PathLike[str], why: str) -> ModelFileError:
    return ModelFileError(
        f"The model file is damaged: {why}.",
        where=str(path),
        remedy="Copy or download it again, or train a new model.",
    )


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


def _without_folders(value: Any) -> Any:
    """Cut absolute paths (a band description can be one) down to their last part."""
    if isinstance(value, Mapping):
        return {key: _without_folders(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_folders(item) for item in value]
    if isinstance(value, Path):
        return value.name
    if isinstance(value, str) and _ABSOLUTE.match(value):
        return re.split(r"[/\\\\]", value.rstrip("/\\"))[-1]
    return value
