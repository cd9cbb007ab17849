"""Which scenes a folder or list holds, and which file is which source."""

from __future__ import annotations

from pathlib import Path

import pytest
from landfuse.core.errors import JobError, ModalityError
from landfuse.core.inference.scene_list import assign, find_scenes, require_complete

NEEDS = {"hsi": ("enmap.tif",), "lidar": ("height.tif", "intensity.tif")}


def make(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")


def names(scene):
    return {key: [Path(path).name for path in paths] for key, paths in scene.files.items()}


def test_files_are_told_apart_by_the_key_in_their_names():
    files = [Path(n) for n in ("A_LIDAR_2.tif", "HSI-2020.dat", "lidar1.tif", "overlidar.tif", "my_mask.tif")]
    scene = assign("a", files, NEEDS)
    assert names(scene) == {"hsi": ["HSI-2020.dat"], "lidar": ["A_LIDAR_2.tif", "lidar1.tif"]}
    assert scene.mask == "my_mask.tif"
    require_complete(scene)


def test_without_keys_the_names_of_training_tell_in_the_order_of_training():
    scene = assign("a", [Path(n) for n in ("Intensity.tif", "enmap.tif", "height.tif", "x.tif")], NEEDS)
    assert names(scene) == {"hsi": ["enmap.tif"], "lidar": ["height.tif", "Intensity.tif"]}
    assert scene.problem == ""


def test_a_scene_that_lacks_a_source_says_which_and_what_is_there():
    scene = assign("plot 7", [Path("enmap.tif"), Path("sar_vv.tif")], NEEDS)
    with pytest.raises(ModalityError, match=r"No file for lidar; there are enmap\.tif, sar_vv\.tif"):
        require_complete(scene)


def test_sub_folders_are_scenes_and_sidecars_are_no_rasters(tmp_path):
    make(tmp_path, "b/hsi", "b/hsi.hdr", "b/lidar.tif", "b/lidar.tif.aux.xml", "b/hsi_preview.png")
    make(tmp_path, "A/hsi.tif", "A/lidar.tif", ".hidden/hsi.tif", "maps/b.tif", "notes/readme.txt", "top.tif")
    scenes = find_scenes(str(tmp_path), NEEDS, [str(tmp_path / "maps")])
    assert [scene.name for scene in scenes] == ["A", "b"]
    assert names(scenes[1]) == {"hsi": ["hsi"], "lidar": ["lidar.tif"]}


def test_a_folder_without_scenes_says_what_is_wanted(tmp_path):
    make(tmp_path, "hsi.tif")
    with pytest.raises(JobError, match="No scene is here") as caught:
        find_scenes(str(tmp_path), NEEDS)
    assert "sub-folder" in caught.value.remedy
    with pytest.raises(JobError, match="no such folder"):
        find_scenes(str(tmp_path / "none"), NEEDS)


def test_a_list_names_files_masks_and_settings(tmp_path):
    path = tmp_path / "list.csv"
    lines = ["scene, hsi, lidar, mask, hsi_options", "Ost, e.tif, h.tif; i.tif, m.tif, offset=-1000", ",,,,"]
    path.write_text("\n".join([*lines, "West,x,,,"]), encoding="utf-8-sig")
    east, west = find_scenes(str(path), NEEDS)
    assert east.files == {"hsi": ("e.tif",), "lidar": ("h.tif", "i.tif")}
    assert (east.mask, east.options["hsi"], east.problem) == ("m.tif", "offset=-1000", "")
    assert west.problem == "The list names no file for lidar."


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("scene,hsi\na,b\n", "column 'lidar' is missing"),
        ("scene,hsi,lidar,radar\na,b,c,d\n", "unknown column 'radar'"),
        ("scene,hsi,lidar\na/b,b,c\n", "'a/b' cannot be the name"),
        ("scene,hsi,lidar\na,b,c\nA,b,c\n", "'A' is in the list twice"),
        ("", "column 'scene' is missing"),
        ("scene,hsi,lidar\n", "No scene is here"),
    ],
)
def test_a_list_that_cannot_be_used_is_told(tmp_path, text, word):
    path = tmp_path / "list.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(JobError, match=word):
        find_scenes(str(path), NEEDS)
