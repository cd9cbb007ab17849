"""The file of trained diffusion models, one per source: another scene gets the same features from it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import LandfuseError, ModelFileError
from .diffusion_extractor import DiffusionExtractor
from .tensor_file import read_arrays, read_header, write_arrays

if TYPE_CHECKING:
    from .tensor_file import Arrays

FORMAT = 1
_KEY, _VERSION = "landfuse_extractor", "format"
_REMEDY = "Choose a file that 'Compute diffusion features' has written."


@dataclass(frozen=True)
class ExtractorFile:
    """Trained diffusion models by source, how the sources are read (`Modality.to_json`), and the grid."""

    extractors: Mapping[str, DiffusionExtractor]
    modalities: Mapping[str, Any]
    grid: Mapping[str, Any]


def write_extractors(path: str | os.PathLike[str], content: ExtractorFile) -> None:
    """Write the file; an older one is replaced only when the new one is complete. Raises `OutputError`."""
    description = {
        _VERSION: FORMAT,
        "extractors": descriptions(content.extractors),
        "modalities": dict(content.modalities),
        "grid": dict(content.grid),
    }
    write_arrays(path, all_arrays(content.extractors), json.dumps(description, allow_nan=False), _KEY)


def read_extractors(path: str | os.PathLike[str]) -> ExtractorFile:
    """Read the file. Raises `ModelFileError` for one that is missing, damaged or of another kind."""
    header = read_header(path)
    text = header.metadata.get(_KEY)
    if text is None:
        raise ModelFileError("The file holds no diffusion models.", where=str(path), remedy=_REMEDY)
    try:
        description = json.loads(text)
        if description[_VERSION] > FORMAT:
            raise ModelFileError(
                f"The file has format {description[_VERSION]}; this version reads up to {FORMAT}.",
                where=str(path),
                remedy="Update the Landfuse plugin.",
            )
        extractors = rebuilt(read_arrays(path, header), description["extractors"])
        return ExtractorFile(extractors, description["modalities"], description["grid"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelFileError(
            f"The file is damaged ({type(error).__name__}: {error}).", where=str(path), remedy=_REMEDY
        ) from error
    except LandfuseError as error:
        raise ModelFileError(error.what, where=str(path), remedy=error.remedy or _REMEDY) from error


def all_arrays(extractors: Mapping[str, DiffusionExtractor]) -> Arrays:
    """Return the arrays of all sources under `<key>/<name>`."""
    return {f"{key}/{name}": a for key, found in extractors.items() for name, a in found.to_arrays().items()}


def descriptions(extractors: Mapping[str, DiffusionExtractor]) -> dict[str, Any]:
    """Return what is no array, by source."""
    return {key: found.to_json() for key, found in extractors.items()}


def rebuilt(arrays: Arrays, described: Mapping[str, Any]) -> dict[str, DiffusionExtractor]:
    """Return the extractors of `all_arrays` and `descriptions`. Raises `ModelFileError`."""
    return {
        key: DiffusionExtractor.from_arrays(
            {n[len(key) + 1 :]: a for n, a in arrays.items() if n.startswith(f"{key}/")}, description
        )
        for key, description in described.items()
    }
