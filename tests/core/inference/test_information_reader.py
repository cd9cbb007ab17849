"""How a scene is cut into windows does not show in its information."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the engine's packages")

from landfuse.core.data.normalisation import fit_normalisation  # noqa: E402
from landfuse.core.data.windows import Window, iter_tiles  # noqa: E402
from landfuse.core.errors import Cancelled  # noqa: E402
from landfuse.core.inference.information_reader import InformationReader, block_side  # noqa: E402
from landfuse.core.models.diffusion_extractor import (  # noqa: E402
    DiffusionExtractor,
    ExtractorSettings,
    position_noise,
)
from landfuse.core.models.spectral_unet import SpectralUnet  # noqa: E402
from landfuse.core.progress import Progress  # noqa: E402

CPU = torch.device("cpu")
ROWS, COLS = 50, 46


class Scene:
    def __init__(self):
        self.bands = np.random.default_rng(0).normal(size=(2, ROWS, COLS)).astype(np.float32)
        self.grid = SimpleNamespace(shape=(ROWS, COLS))
        self.reads = 0

    def read_source(self, key, window):
        self.reads += 1
        return self.bands[(slice(None), *window.slices())]


@pytest.fixture(scope="module")
def scene():
    return Scene()


def extractor(scene, **settings):
    torch.manual_seed(1)
    network = SpectralUnet()
    for weight in network.parameters():
        if weight.dim() == 5:  # strong enough for the farthest pixel to matter
            torch.nn.init.normal_(weight, std=(2 / weight[0].numel()) ** 0.5)
    weights = {name: value.numpy() for name, value in network.state_dict().items()}
    normalisation = fit_normalisation(scene.bands.reshape(2, -1).T, "none")
    return DiffusionExtractor(
        normalisation, np.full(2, -3, np.float32), np.full(2, 3, np.float32), weights,
        ExtractorSettings(**settings), np.zeros(256, np.float32), np.eye(4, 256, dtype=np.float32),
    )  # fmt: skip


@pytest.mark.parametrize("settings", [{}, {"kind": "reconstruction", "step": 100}], ids=str)
@pytest.mark.parametrize("side", [24])
def test_windows_give_what_the_whole_scene_gives(scene, settings, side):
    found = extractor(scene, **settings)
    whole = InformationReader(scene, "hsi", found, CPU, block=64).read(Window(0, 0, ROWS, COLS))
    reader = InformationReader(scene, "hsi", found, CPU, block=side)
    for window in (Window(0, 0, ROWS, COLS), Window(11, 20, 30, 9), Window(48, 45, 2, 1)):
        rows, cols = window.slices()
        np.testing.assert_allclose(reader.read(window), whole[:, rows, cols], atol=1e-5)
    assert np.ptp(whole) > 0.1


def test_the_halo_is_needed(scene, monkeypatch):
    """Otherwise the test above could not fail."""
    whole = InformationReader(scene, "hsi", extractor(scene), CPU, block=64).read(Window(0, 0, ROWS, COLS))
    monkeypatch.setattr(ExtractorSettings, "halo", 15)
    cut = InformationReader(scene, "hsi", extractor(scene), CPU, block=24).read(Window(0, 0, ROWS, COLS))
    assert np.abs(cut - whole).max() > 1e-4


def test_a_kept_block_is_computed_once_and_its_file_goes(scene, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    reader = InformationReader(scene, "hsi", extractor(scene), CPU, keep=True, block=32)
    plain = InformationReader(scene, "hsi", extractor(scene), CPU, block=32)
    before = scene.reads
    first = reader.read(Window(3, 3, 10, 10))
    assert scene.reads == before + 1
    assert np.array_equal(reader.read(Window(3, 3, 10, 10)), first)
    assert scene.reads == before + 1
    np.testing.assert_allclose(first, plain.read(Window(3, 3, 10, 10)), atol=1e-5)
    assert list(tmp_path.iterdir())
    reader.close()
    assert not list(tmp_path.iterdir())


def test_it_stops_between_blocks(scene):
    reader = InformationReader(
        scene, "hsi", extractor(scene), CPU, progress=Progress(is_cancelled=lambda: True), block=32
    )
    with pytest.raises(Cancelled):
        reader.read(Window(0, 0, ROWS, COLS))


def test_noise_follows_from_position_and_seed_alone():
    whole = position_noise(range(0, 300), range(0, 200), 8, seed=4)
    part = position_noise(range(120, 130), range(33, 50), 8, seed=4)
    assert np.array_equal(part, whole[:, 120:130, 33:50])
    assert not np.array_equal(position_noise(range(0, 9), range(0, 9), 8, seed=5), whole[:, :9, :9])
    assert abs(whole.mean()) < 0.01
    assert whole.std() == pytest.approx(1, abs=0.01)
    assert abs(np.corrcoef(whole[0].ravel(), whole[1].ravel())[0, 1]) < 0.02
    assert abs(np.corrcoef(whole[0, :-1].ravel(), whole[0, 1:].ravel())[0, 1]) < 0.02


def test_blocks_grow_smaller_with_the_bands(scene):
    found = extractor(scene)
    deep = DiffusionExtractor(
        **{**vars(found), "normalisation": fit_normalisation(np.eye(9, 200, dtype=np.float32), "none")}
    )
    assert block_side(deep) < block_side(found) <= 128
    assert len(list(iter_tiles(ROWS, COLS, block_side(found)))) == 1
