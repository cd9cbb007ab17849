"""What is known of the chosen sources together: fit, map pixels, bands, and the machine. Free of QGIS."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from ...core.data.band_choice import bands_text
from ...core.data.modalities import Modality
from ...core.environment import read_record
from ...core.evaluation.input_check import InputCheck, check_inputs
from ...core.evaluation.input_verdict import in_order, verdict, what_fits
from ...core.job import Job
from ...core.machine import Machine, find_machine
from ...core.progress import Progress


@dataclass(frozen=True)
class BandFacts:
    """One band of the first raster of a source; `wavelength` in nm, None where unknown."""

    number: int
    name: str
    wavelength: float | None


@dataclass(frozen=True)
class SourceFacts:
    """One source. `used` of `bands_in_files` bands enter the stack; `dropped` as `1-3, 7`."""

    used: int
    bands_in_files: int
    bands: tuple[BandFacts, ...]
    dropped: str
    quantity: str
    is_guessed: bool
    pixel_metres: float


@dataclass(frozen=True)
class SceneFacts:
    """The verdict on the sources. `rows` and `cols` are 0 where there is no common grid."""

    verdict: str
    problems: tuple[str, ...]
    stops: bool
    fits: tuple[str, ...]
    sources: Mapping[str, SourceFacts] = field(default_factory=dict)
    rows: int = 0
    cols: int = 0
    pixel_metres: float = math.nan
    has_crs: bool = True
    valid_share: float = math.nan
    machine: Machine | None = None

    @property
    def n_bands(self) -> int:
        """Bands of all sources."""
        return sum(source.used for source in self.sources.values())


def look_at_scene(job: Job, device: str, progress: Progress) -> SceneFacts:
    """Check the sources of a `checkinputs` job. Any thread but the main one; raises `Cancelled` only."""
    check = check_inputs(job, progress)
    record = read_record()
    has_cuda = bool(record and record.versions.get("cuda"))
    problems = in_order(check)
    grid = check.grid
    return SceneFacts(
        verdict(check),
        tuple(str(problem) for problem in problems),
        any(problem.stops for problem in problems),
        tuple(what_fits(check)),
        {key: _source_facts(modality, check) for key, modality in check.modalities.items()},
        grid.rows if grid else 0,
        grid.cols if grid else 0,
        grid.pixel_metres if grid else math.nan,
        bool(grid and grid.crs),
        check.valid_share,
        find_machine(device, has_cuda, progress),
    )


def _source_facts(modality: Modality, check: InputCheck) -> SourceFacts:
    first = modality.rasters[0]
    dropped = [b.number for f in check.findings.get(modality.key, ())[:1] for b in f.bands if b.dropped]
    return SourceFacts(
        len(modality.bands),
        sum(len(rasters[0].info.bands) for rasters in modality.layers),
        tuple(BandFacts(b.number, b.name, b.wavelength) for b in first.info.bands),
        bands_text(dropped),
        modality.quantity,
        first.quantity_source != "set",
        modality.finest_metres,
    )
