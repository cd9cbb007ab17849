"""The one background task."""

from __future__ import annotations

import threading

from landfuse.core.errors import Cancelled, SamplesError
from landfuse.processing_provider.task import CoreTask
from qgis.core import QgsApplication


def run(qtbot, work, before=lambda task: None):
    """Run `work` in a task and return ("succeeded" or "failed", value, events)."""
    task, outcome, events = CoreTask("test", work), [], []
    task.succeeded.connect(lambda value: outcome.append(("succeeded", value)))
    task.failed.connect(lambda error: outcome.append(("failed", error)))
    task.reported.connect(events.append)
    before(task)
    QgsApplication.taskManager().addTask(task)
    qtbot.waitUntil(lambda: bool(outcome), timeout=10000)
    return (*outcome[0], events)


def test_the_result_arrives_in_the_main_thread(qgis_app, qtbot):
    main = threading.get_ident()
    threads = []

    def work(progress):
        threads.append(threading.get_ident())
        progress(0.5, "half")
        return 42

    how, value, events = run(qtbot, work)
    assert (how, value) == ("succeeded", 42)
    assert threads[0] != main
    assert [e["stage"] for e in events] == ["half"]


def test_an_error_is_handed_over_and_does_not_leave_the_thread(qgis_app, qtbot):
    def work(progress):
        raise SamplesError("none")

    how, error, _ = run(qtbot, work)
    assert how == "failed"
    assert isinstance(error, SamplesError)


def test_cancelling_stops_the_work_at_its_next_report(qgis_app, qtbot):
    started = threading.Event()

    def work(progress):
        started.set()
        while True:
            progress(0.1)

    def cancel_when_started(task):
        threading.Thread(target=lambda: (started.wait(), task.cancel())).start()

    how, error, _ = run(qtbot, work, cancel_when_started)
    assert how == "failed"
    assert isinstance(error, Cancelled)


def test_a_silent_task_that_fails_is_no_failed_task_to_qgis(qgis_app, qtbot):
    def fail(progress):
        raise ValueError("broken")

    task = CoreTask("quiet", fail, silent=True)
    with qtbot.waitSignal(task.failed, timeout=5000) as caught:
        QgsApplication.taskManager().addTask(task)
    assert isinstance(caught.args[0], ValueError)
    qtbot.waitUntil(lambda: task.status() == task.TaskStatus.Complete, timeout=5000)
