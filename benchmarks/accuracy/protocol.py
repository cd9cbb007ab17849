"""The split of the accuracy benchmark: few training pixels per class, spatial blocks, a gap."""

from __future__ import annotations

import numpy as np
import registered  # noqa: F401  makes `landfuse` importable
from landfuse.core.data.gap import within_gap
from landfuse.core.data.samples import SampleSet
from landfuse.core.data.splits import block_groups

PER_CLASS = 50  # training pixels of each class
TEST_LIMIT = 12_000  # test pixels scored, drawn at random from all that qualify
TRAINING_SHARE = 0.5  # of the blocks of each class


def split(samples: SampleSet, gap: int, seed: int, per_class: int = PER_CLASS) -> tuple[SampleSet, SampleSet]:
    """Return training and test samples; no test pixel is within `gap` pixels of a training pixel.

    Half of the blocks in which a class occurs (at least one) give its training pixels; all pixels of the
    other blocks that keep the gap are candidates for the test.
    """
    generator = np.random.default_rng(seed)
    side = max(2 * gap, 8)
    blocks = block_groups(samples.rows, samples.cols, side)
    training_blocks = _training_blocks(samples.labels, blocks, generator)
    eligible = np.isin(blocks, training_blocks)
    train = np.zeros(len(samples), dtype=bool)
    for label in np.unique(samples.labels):
        candidates = np.flatnonzero(eligible & (samples.labels == label))
        train[generator.choice(candidates, min(per_class, len(candidates)), replace=False)] = True
    near = within_gap(samples.rows, samples.cols, samples.rows[train], samples.cols[train], gap)
    test = np.flatnonzero(~eligible & ~near)
    chosen = np.zeros(len(samples), dtype=bool)
    chosen[generator.choice(test, min(TEST_LIMIT, len(test)), replace=False)] = True
    return samples.subset(train), samples.subset(chosen)


def _training_blocks(labels: np.ndarray, blocks: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Draw blocks for training, the rarest class first, until each class has its share of its blocks."""
    chosen: set[int] = set()
    counts = np.bincount(labels)
    for label in sorted(np.unique(labels), key=lambda k: counts[k]):
        own = generator.permutation(np.unique(blocks[labels == label]))
        wanted = max(1, round(TRAINING_SHARE * len(own)))
        have = sum(int(b) in chosen for b in own)
        for block in own:
            if have >= wanted:
                break
            if int(block) not in chosen:
                chosen.add(int(block))
                have += 1
    return np.array(sorted(chosen))
