from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from landfuse.core.inference import precision  # noqa: E402
from landfuse.core.inference.precision import choose_precision, labels_agree  # noqa: E402

CLEAR = torch.tensor([[3.0, 0.0], [0.0, 3.0]]).repeat(1000, 1)


def test_a_cpu_computes_in_fp32_without_a_trial():
    def trial(dtype):
        raise AssertionError("no trial needed")

    assert choose_precision(torch.device("cpu"), trial) == "fp32"


def choose_on_a_fake_gpu(monkeypatch, seconds, logits):
    clock = {"now": 0.0}

    def trial(dtype):
        clock["now"] += seconds[dtype]
        return logits[dtype]

    monkeypatch.setattr(precision, "_wait", lambda device: None)
    monkeypatch.setattr(precision.time, "perf_counter", lambda: clock["now"])
    return choose_precision(torch.device("cuda"), trial)


def test_half_precision_is_taken_where_it_is_faster_and_labels_agree(monkeypatch):
    seconds = {torch.float32: 1.0, torch.float16: 0.4, torch.bfloat16: 0.4}
    same = dict.fromkeys(seconds, CLEAR)
    assert choose_on_a_fake_gpu(monkeypatch, seconds, same) == "fp16"
    overflow = {**same, torch.float16: CLEAR * float("inf")}
    assert choose_on_a_fake_gpu(monkeypatch, seconds, overflow) == "bf16"


def test_fp32_stays_where_half_is_no_faster_or_changes_labels(monkeypatch):
    same = dict.fromkeys([torch.float32, torch.float16, torch.bfloat16], CLEAR)
    slow = {torch.float32: 1.0, torch.float16: 0.95, torch.bfloat16: 0.95}
    assert choose_on_a_fake_gpu(monkeypatch, slow, same) == "fp32"
    wrong = {**same, torch.float16: CLEAR.flip(1), torch.bfloat16: CLEAR.flip(1)}
    assert choose_on_a_fake_gpu(monkeypatch, dict.fromkeys(slow, 0.1) | {torch.float32: 1.0}, wrong) == "fp32"


def test_labels_may_differ_only_in_few_ties():
    ties = CLEAR.clone()
    ties[0] = torch.tensor([1.0, 1.001])
    changed = ties.clone()
    changed[0] = torch.tensor([1.001, 1.0])
    assert labels_agree(ties, changed)
    assert not labels_agree(ties[:10], changed[:10])  # one in ten is not few
    assert not labels_agree(CLEAR, CLEAR.flip(0))
