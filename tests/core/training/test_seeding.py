from __future__ import annotations

from contextlib import suppress

import pytest

torch = pytest.importorskip("torch")

from landfuse.core.training.seeding import generator_for, seeded  # noqa: E402


def test_the_same_seed_gives_the_same_numbers_and_leaves_the_generator_alone():
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    with seeded(7):
        first = torch.rand(5)
    assert torch.equal(torch.rand(3), expected)
    with seeded(7):
        assert torch.equal(torch.rand(5), first)


def test_deterministic_settings_end_with_the_block_also_after_an_error():
    before = torch.backends.cudnn.deterministic
    with suppress(ZeroDivisionError), seeded(1):
        assert torch.backends.cudnn.deterministic
        raise ZeroDivisionError
    assert torch.backends.cudnn.deterministic == before


def test_generators_of_different_purposes_are_independent():
    assert generator_for(1, 2).integers(1 << 30) == generator_for(1, 2).integers(1 << 30)
    assert generator_for(1, 2).integers(1 << 30) != generator_for(1, 3).integers(1 << 30)
