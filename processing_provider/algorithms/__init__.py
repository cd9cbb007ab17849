"""The algorithms, one file each."""

from __future__ import annotations

from .assess import Assess
from .check_inputs import CheckInputs
from .class_areas import ClassAreas
from .classify import Classify
from .classify_scenes import ClassifyScenes
from .compare import Compare
from .demo_scene import DemoScene
from .diffusion_features import DiffusionFeatures
from .forecast import Forecast
from .import_scene import ImportScene
from .import_weights import ImportWeights
from .minimum_mapping_unit import MinimumMappingUnit
from .model_info import ModelInfo
from .sample_report import SampleReport
from .split_samples import SplitSamples
from .train import Train

ALGORITHMS = (
    Train, Classify, ClassifyScenes, Assess, ClassAreas, MinimumMappingUnit, Compare, Forecast, CheckInputs,
    SampleReport, SplitSamples, ModelInfo, ImportWeights, ImportScene, DiffusionFeatures, DemoScene,
)  # fmt: skip
