"""What every Landfuse algorithm shares: parameters from the job table, one job per run, errors in words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
)
from qgis.PyQt.QtGui import QIcon

from ..core.errors import Cancelled, LandfuseError
from ..core.job import Job
from ..core.job_kinds import KINDS
from ..core.job_spec import MODALITIES, JobKind, JobResult
from ..core.progress import Progress
from . import definitions, runtime
from .feedback import FeedbackReporter
from .translate import Request, checked_bands, make_job, without_products

_PATHS = ("file", "folder")
ICONS = Path(__file__).resolve().parents[1] / "resources" / "icons"


class LandfuseAlgorithm(QgsProcessingAlgorithm):
    """An algorithm that sends one job. A subclass names the kind of job and explains it to the user."""

    KIND = ""
    ICON = "landfuse.svg"
    GROUP = ("", "")
    TAGS: tuple[str, ...] = ()
    WANTED: tuple[str, ...] = ()  # optional outputs that the dialog ticks

    def explanation(self) -> list[str]:
        """Return the paragraphs of help after the summary, in HTML."""
        return []

    def finish(self, result: JobResult, context: QgsProcessingContext) -> Mapping[str, Any]:
        """Return the outputs under their Processing names; subclasses style layers first."""
        return {name.upper(): value for name, value in {**result.outputs, **result.numbers}.items()}

    @property
    def spec(self) -> JobKind:
        """The description of the job."""
        return KINDS[self.KIND]

    # What QGIS asks for

    def tr(self, text: str) -> str:
        return definitions.tr(text)

    def createInstance(self) -> LandfuseAlgorithm:
        return type(self)()

    def name(self) -> str:
        return self.KIND

    def displayName(self) -> str:
        return self.tr(self.spec.title)

    def shortDescription(self) -> str:
        return self.tr(self.spec.summary)

    def groupId(self) -> str:
        return self.GROUP[0]

    def group(self) -> str:
        return self.tr(self.GROUP[1])

    def tags(self) -> list[str]:
        return [*(self.tr(tag) for tag in self.TAGS), "landfuse"]

    def icon(self) -> QIcon:
        return QIcon(str(ICONS / self.ICON))

    def shortHelpString(self) -> str:
        paragraphs = [self.tr(self.spec.summary), *self.explanation()]
        explained: dict[str, list[str]] = {}  # parameters of every modality share their help
        for parameter in self.parameterDefinitions():
            explained.setdefault(parameter.help(), []).append(
                f"<b>{parameter.description()}</b> ({parameter.name()})"
            )
        explained.pop("", None)
        items = "".join(f"<p>{'<br>'.join(names)}<br>{text}</p>" for text, names in explained.items())
        body = "".join(f"<p>{text}</p>" for text in paragraphs)
        return f"{body}<h3>{self.tr('Parameters')}</h3>{items}" if items else body

    def initAlgorithm(self, config: Any = None) -> None:
        spec = self.spec
        # The file to work with comes first: a model decides which sources are needed.
        parameters = [definitions.job_parameter(p) for p in spec.parameters if p.type in _PATHS]
        if spec.reads_scene:
            parameters += definitions.source_parameters()
        if spec.takes_samples:
            parameters += definitions.sample_parameters(spec.needs_samples)
        if spec.takes_test_samples:
            parameters += definitions.test_sample_parameters()
        parameters += [definitions.job_parameter(p) for p in spec.parameters if p.type not in _PATHS]
        parameters += [definitions.job_output(n, o, n in self.WANTED) for n, o in spec.outputs.items()]
        for parameter in parameters:
            self.addParameter(parameter)
        for output in definitions.number_outputs(spec):
            self.addOutput(output)

    def canExecute(self) -> tuple[bool, str]:
        reason = runtime.reason_not_to_run() if self.spec.needs_engine else ""
        return not reason, reason

    def checkParameterValues(
        self, parameters: dict[str, Any], context: QgsProcessingContext
    ) -> tuple[bool, str]:
        ok, message = super().checkParameterValues(without_products(parameters), context)
        if ok:
            message = self._problem_with(Request(self, parameters, context))
        return ok and not message, message

    def _problem_with(self, request: Request) -> str:
        """Return in words what is wrong with the values, "" for nothing. Opens no file."""
        spec = self.spec
        if (
            spec.reads_scene
            and not spec.scene_optional
            and not any(request.given(key.upper()) for key in MODALITIES)
        ):
            return self.tr("Give at least one source: HSI, LIDAR, SAR, OPTICAL or OTHER.")
        try:
            for key in MODALITIES:
                checked_bands(request.text(f"{key.upper()}_BANDS"), f"{key.upper()}_BANDS")
        except LandfuseError as error:
            return str(error)
        side = request.number("PATCH_SIZE")
        if side and side % 2 == 0:
            return self.tr("PATCH_SIZE must be odd, so that the patch has a centre pixel; got {}.").format(
                int(side)
            )
        return self._problem_with_samples(request)

    def _problem_with_samples(self, request: Request) -> str:
        vector, raster = request.given("SAMPLES"), request.given("LABELS")
        if vector and raster:
            return self.tr("Give either SAMPLES or LABELS, not both.")
        if self.spec.needs_samples and not (vector or raster):
            return self.tr("Give the samples: SAMPLES (a vector layer) or LABELS (a raster).")
        tests = request.given("TEST_SAMPLES")
        if tests and request.given("TEST_LABELS"):
            return self.tr("Give either TEST_SAMPLES or TEST_LABELS, not both.")
        if (vector or tests) and not request.given("CLASS_FIELD"):
            return self.tr("Name the field of the samples that holds the class: CLASS_FIELD.")
        return ""

    # A run

    def prepareAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> bool:
        # Raised here, a script would only read "There were errors": it is kept for processAlgorithm.
        self._job: Job | None = None
        self._problem: LandfuseError | None = None
        try:
            request = Request(self, parameters, context)
            self._job = make_job(self.KIND, request)
            for note in request.notes:
                feedback.pushInfo(note)
        except LandfuseError as error:
            self._problem = error
        return True

    def processAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        reporter = FeedbackReporter(feedback)
        try:
            if self._job is None:
                raise self._problem
            result = self.compute(self._job, reporter.progress())
        except (Cancelled, LandfuseError) as error:
            raise QgsProcessingException(str(error)) from error
        finally:
            reporter.flush()
        return dict(self.finish(result, context))

    def compute(self, job: Job, progress: Progress) -> JobResult:
        """Run the job, in the engine if it needs torch; called in the worker thread."""
        return runtime.run(job, progress)
