"""One thread for what digitising reads from the sources.

Not a QgsTask: those share as many threads as the machine has cores, and a preview under the pointer must not
wait until a training that runs as a task has ended.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from qgis.PyQt.QtCore import QObject, pyqtSignal

from ...core.errors import Cancelled
from ...core.progress import Progress


@dataclass(eq=False)
class _Ticket:
    """One piece of work: what to call with its outcome, and whether anybody still wants that."""

    then: Callable[[Any], None]
    otherwise: Callable[[Exception], None]
    replaceable: bool
    cancelled: bool = False


class Background(QObject):
    """Does one thing after the other in a thread of its own; outcomes arrive in the main thread.

    Work gets a `Progress` and must touch no widget, no layer and no project. What was cancelled calls nobody.
    """

    _ended = pyqtSignal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="landfuse-digitising")
        self._tickets: set[_Ticket] = set()
        self._ended.connect(self._deliver)

    @property
    def busy(self) -> bool:
        """Whether something is wanted that has not arrived yet."""
        return any(not ticket.cancelled for ticket in self._tickets)

    def submit(
        self,
        work: Callable[[Progress], Any],
        then: Callable[[Any], None],
        otherwise: Callable[[Exception], None],
        replaceable: bool = False,
    ) -> None:
        """Do `work(progress)`, then call `then(value)` or `otherwise(error)` in the main thread."""
        ticket = _Ticket(then, otherwise, replaceable)
        self._tickets.add(ticket)
        self._executor.submit(self._run, work, ticket)

    def replace(
        self,
        work: Callable[[Progress], Any],
        then: Callable[[Any], None],
        otherwise: Callable[[Exception], None],
    ) -> None:
        """Do `work` as `submit` does, and cancel what was asked for with `replace` before."""
        self.cancel_replaceable()
        self.submit(work, then, otherwise, replaceable=True)

    def cancel_replaceable(self) -> None:
        """Cancel what was asked for with `replace`."""
        for ticket in self._tickets:
            ticket.cancelled = ticket.cancelled or ticket.replaceable

    def shut_down(self, last: Callable[[], None]) -> None:
        """Cancel everything, do `last` in the thread and wait for its end; nothing is delivered any more.

        Waiting takes as long as the read that is going on: a thread that still reads while QGIS ends would
        take it down.
        """
        for ticket in self._tickets:
            ticket.cancelled = True
        self._executor.submit(last)
        self._executor.shutdown(wait=True)

    def _run(self, work: Callable[[Progress], Any], ticket: _Ticket) -> None:
        """Do the work; called in the worker thread."""
        try:
            progress = Progress(is_cancelled=lambda: ticket.cancelled)
            progress.check()
            outcome = work(progress)
        except Exception as error:  # noqa: BLE001  it is handed over to the main thread
            outcome = error
        self._ended.emit(ticket, outcome)

    def _deliver(self, ticket: _Ticket, outcome: Any) -> None:
        self._tickets.discard(ticket)
        if ticket.cancelled or isinstance(outcome, Cancelled):
            return
        (ticket.otherwise if isinstance(outcome, Exception) else ticket.then)(outcome)
