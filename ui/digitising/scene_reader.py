"""The sources of the session as the digitising thread reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ...core.data.digitising_scene import DigitisingScene
from ...core.errors import LandfuseError
from ...core.job import GridRequest, RasterInput
from ...core.progress import Progress
from ..state.jobs import job_of, scene_parameters
from ..state.session import Session
from .background import Background


@dataclass(frozen=True)
class WantedScene:
    """Which rasters to read, as a run would; compares by value, so that a scene is opened once."""

    inputs: Mapping[str, tuple[RasterInput, ...]]
    grid: GridRequest


class SceneReader:
    """Asks the sources in a thread of its own. Main thread only, except what is handed to `ask`.

    `pixel_area`: square metres of a map pixel (square map units without a CRS), 0 until that is known.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._background = Background()
        self._opened: tuple[WantedScene, DigitisingScene] | None = None  # the worker's own
        self.pixel_area = 0.0
        session.sources_changed.connect(self._let_go)

    @property
    def busy(self) -> bool:
        """Whether an answer is still to come."""
        return self._background.busy

    def has_sources(self) -> bool:
        """Whether there is anything to read."""
        return bool(self._session.used_sources())

    def prepare(self) -> None:
        """Open the sources, so that the first click need not wait for it; errors are told when it counts."""
        self.pixel_area = 0.0
        if self.has_sources():
            self.ask(lambda scene, progress: scene.grid, self._know_pixel, lambda error: None)

    def ask(
        self,
        question: Callable[[DigitisingScene, Progress], Any],
        then: Callable[[Any], None],
        otherwise: Callable[[Exception], None],
        replaces: bool = False,
    ) -> None:
        """Call `question(scene, progress)` in the worker thread, then `then(answer)` or `otherwise(error)`.

        `replaces`: the answer to an earlier such question is not wanted any more.
        """
        try:
            wanted = self._wanted()
        except LandfuseError as error:
            otherwise(error)
            return
        do = self._background.replace if replaces else self._background.submit
        do(lambda progress: question(self._open(wanted), progress), then, otherwise)

    def forget(self) -> None:
        """Cancel the questions that later ones would replace."""
        self._background.cancel_replaceable()

    def shut_down(self) -> None:
        """Cancel everything, close the files and the thread."""
        self._session.sources_changed.disconnect(self._let_go)
        self._background.shut_down(self._close)

    def _wanted(self) -> WantedScene:
        job = job_of("checkinputs", scene_parameters(self._session), self._session)
        return WantedScene(job.inputs, job.grid)

    def _open(self, wanted: WantedScene) -> DigitisingScene:
        """Return the scene, opened only when the sources are others; called in the worker thread."""
        if self._opened is None or self._opened[0] != wanted:
            self._close()
            self._opened = wanted, DigitisingScene(wanted.inputs, wanted.grid)
        return self._opened[1]

    def _let_go(self) -> None:
        """Close the files of sources that are others now: a layer that was removed is not held."""
        self._background.submit(lambda progress: self._close(), lambda _: None, lambda error: None)

    def _close(self) -> None:
        """Close the files; called in the worker thread."""
        if self._opened is not None:
            self._opened[1].close()
            self._opened = None

    def _know_pixel(self, grid: Any) -> None:
        self.pixel_area = grid.metres[0] * grid.metres[1]
