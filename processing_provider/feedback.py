"""Core progress events as lines and a bar in Processing's log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qgis.core import QgsProcessingFeedback

from ..core.progress import Progress


class FeedbackReporter:
    """Passes events on to a feedback object: stages once, the metrics of an epoch in one line."""

    def __init__(self, feedback: QgsProcessingFeedback) -> None:
        self._feedback = feedback
        self._stage = ""
        self._epoch: int | None = None
        self._metrics: list[str] = []

    def progress(self) -> Progress:
        """Return the progress object that core functions take."""
        return Progress(self.receive, self._feedback.isCanceled)

    def receive(self, event: Mapping[str, Any]) -> None:
        """Show one event."""
        if event["event"] == "metric":
            self._metric(event)
            return
        self.flush()
        if event["event"] == "progress":
            self._feedback.setProgress(100.0 * event["fraction"])
            self._show_stage(str(event.get("stage") or ""))
        elif event["event"] == "log":
            warning = event.get("level") == "warning"
            (self._feedback.pushWarning if warning else self._feedback.pushInfo)(str(event["text"]))

    def flush(self) -> None:
        """Write the metrics gathered so far; call it at the end."""
        if self._metrics:
            self._feedback.pushInfo(f"Epoch {self._epoch}: {', '.join(self._metrics)}")
        self._metrics, self._epoch = [], None

    def _show_stage(self, stage: str) -> None:
        if stage and stage != self._stage:
            self._feedback.setProgressText(stage)
            self._stage = stage

    def _metric(self, event: Mapping[str, Any]) -> None:
        if event["epoch"] != self._epoch:
            self.flush()
            self._epoch = event["epoch"]
        self._metrics.append(f"{event['name']} {event['value']:.4g}")
