"""Outputs that cannot be written: full disks, folders that refuse, targets that are something else."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
from contextlib import contextmanager
from functools import partial

from landfuse.core.errors import ModelFileError, OutputError

from .case import Case, Refused
from .plans import one

SUBJECT = "outputs"
case = partial(Case, SUBJECT)
MODEL = "m.safetensors"


def cases():
    yield from full_disks()
    yield from refusing()
    yield from targets()
    yield from models()


@contextmanager
def file_limit(size):
    """Let no file of this process grow beyond `size` bytes, as on a disk with a quota."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def limited(step, size):
    """Return what limits the size of files during one of the jobs."""
    return lambda now, bench: file_limit(size) if now == step else file_limit(resource.RLIM_INFINITY)


@contextmanager
def small_disk(folder, kilobytes):
    """Mount a tiny disk over a folder, with what lies in it."""
    kept = {path.name: path.read_bytes() for path in folder.iterdir()}
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)],
        check=True,
        capture_output=True,
    )
    try:
        for name, content in kept.items():
            (folder / name).write_bytes(content)
        yield
        left = [path for path in folder.iterdir() if path.name not in kept]
    except BaseException:
        left = [path for path in folder.iterdir() if path.name not in kept]
        assert not left, f"left behind: {left}"
        raise
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True, capture_output=True)


def no_mount():
    """Return why no disk can be mounted here, "" if one can."""
    if not sys.platform.startswith("linux"):
        return "mounts a disk as Linux does"
    probe = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False)
    return "" if probe.returncode == 0 else "may not mount a disk here"


def on_small_disk(step, kilobytes):
    from contextlib import nullcontext

    return lambda now, bench: small_disk(bench.out, kilobytes) if now == step else nullcontext()


def large(bench):
    """Return a plan whose map does not fit a small disk."""
    grid = {"pixel_size": 0.5}
    outputs = {"classmap": "map.tif", "probabilities": "p.tif", "uncertainty": "u.tif"}
    return one(bench, plan={"classify": {"grid": grid, "outputs": outputs}})


def full_disks():
    skip = "" if sys.platform.startswith("linux") else "limits file sizes as Linux does"
    for size in (200, 2000, 20000, 60000):
        yield case(
            f"files of at most {size} bytes, training",
            one,
            Refused(OutputError, [MODEL]),
            around=limited("train", size),
            skip=skip,
        )
    for size in (100, 300, 600):
        yield case(
            f"files of at most {size} bytes, classifying",
            one,
            Refused(OutputError, ["map.tif"], "classify"),
            around=limited("classify", size),
            skip=skip,
        )
    yield case(
        "files of at most 5000 bytes, three maps",
        large,
        Refused(OutputError, [".tif"], "classify"),
        around=limited("classify", 5000),
        skip=skip,
    )
    yield case(
        "a disk of 8 kB, training",
        one,
        Refused(OutputError, [MODEL]),
        around=on_small_disk("train", 8),
        skip=no_mount(),
    )
    yield case(
        "a disk of 140 kB, three maps",
        large,
        Refused(OutputError, ["disk is too small"], "classify"),
        around=on_small_disk("classify", 140),
        skip=no_mount(),
    )


def refusing():
    for folder in ("/proc", "/sys"):
        skip = "" if sys.platform.startswith("linux") else "needs folders of Linux that refuse every user"
        yield case(
            f"a folder that refuses, {folder}, training",
            lambda b, f=folder: one(b, plan={"train": {"outputs": {"model": f"{f}/{MODEL}"}}}),
            Refused(OutputError, [folder]),
            skip=skip,
        )
        yield case(
            f"a folder that refuses, {folder}, classifying",
            lambda b, f=folder: one(b, plan={"classify": {"outputs": {"classmap": f"{f}/map.tif"}}}),
            Refused(OutputError, [folder], "classify"),
            skip=skip,
        )


def targets():
    def written(step, **outputs):
        return lambda b: one(b, plan={step: {"outputs": outputs}})

    yield case(
        "a model in a folder that is missing",
        written("train", model="none/m.safetensors"),
        Refused(OutputError, ["none"]),
    )
    yield case(
        "a map in a folder that is missing",
        written("classify", classmap="none/map.tif"),
        Refused(OutputError, ["none"], "classify"),
    )
    yield case(
        "a second map in a folder that is missing",
        written("classify", classmap="map.tif", probabilities="none/p.tif"),
        Refused(OutputError, ["none"], "classify"),
    )
    yield case(
        "a map below a file",
        written("classify", classmap="m.safetensors/map.tif"),
        Refused(OutputError, ["map.tif"], "classify"),
    )
    yield case(
        "a map that is a folder",
        folder_as_map,
        Refused(OutputError, ["taken", "folder of this name"], "classify"),
    )
    yield case(
        "a model that is a folder",
        lambda b: one(b, plan={"train": {"outputs": {"model": str(b.folder)}}}),
        Refused(OutputError, ["folder of this name"]),
    )
    yield case(
        "a map over its source",
        lambda b: one(b, plan={"classify": {"outputs": {"classmap": str(b.folder / "colour.tif")}}}),
        Refused(OutputError, ["colour.tif", "read by this job"], "classify"),
    )
    yield case(
        "a map over its model", written("classify", classmap=MODEL), Refused(OutputError, [MODEL], "classify")
    )
    yield case(
        "two maps under one name",
        written("classify", classmap="map.tif", probabilities="map.tif"),
        Refused(OutputError, ["map.tif"], "classify"),
    )
    yield case(
        "two maps under one name, spelt twice",
        written("classify", classmap="map.tif", probabilities="./map.tif"),
        Refused(OutputError, ["map.tif"], "classify"),
    )
    yield case(
        "a map name of 300 letters",
        written("classify", classmap="m" * 300 + ".tif"),
        Refused(OutputError, ["mmm"], "classify"),
    )
    yield case(
        "a model name of 300 letters",
        written("train", model="m" * 300 + ".safetensors"),
        Refused(OutputError, ["mmm"]),
    )
    yield case(
        "a map of a name without suffix",
        lambda b: one(b, plan={"classify": {"outputs": {"classmap": "map.tif", "uncertainty": "u"}}}),
    )
    yield case("a map over an older one with sidecar files", older_map)
    yield case("a map over a text file", text_as_map)


def folder_as_map(bench):
    (bench.folder / "taken").mkdir()
    return one(bench, plan={"classify": {"outputs": {"classmap": str(bench.folder / "taken")}}})


def older_map(bench):
    plan = one(bench)
    bench.raster("old.tif", "grey", dtype="Byte", finish=lambda d: d.BuildOverviews("NEAREST", [2]))
    for name in ("map.tif", "map.tif.aux.xml", "map.tif.ovr", "map.tif.msk"):
        (bench.out / name).write_bytes((bench.folder / "old.tif").read_bytes())
    return plan


def text_as_map(bench):
    (bench.out / "map.tif").write_text("an older file")
    return one(bench)


def models():
    def with_model(change):
        def build(bench):
            path = bench.folder / "broken.safetensors"
            path.write_bytes(change)
            return one(bench, plan={"classify": {"parameters": {"model": str(path)}}})

        return build

    for name, content in (
        ("of no bytes", b""),
        ("of text", b"no model"),
        ("of zeros", bytes(1000)),
        ("that says it is huge", b"\xff" * 8 + b"{}"),
        ("of another program", other_program()),
    ):
        yield case(
            f"a model file {name}",
            with_model(content),
            Refused(ModelFileError, ["broken.safetensors"], "classify"),
        )
    yield case(
        "a raster as model",
        lambda b: one(b, plan={"classify": {"parameters": {"model": b.raster("x.tif")}}}),
        Refused(ModelFileError, ["x.tif"], "classify"),
    )
    yield case(
        "a folder as model",
        lambda b: one(b, plan={"classify": {"parameters": {"model": str(b.folder)}}}),
        Refused(ModelFileError, ["in"], "classify"),
    )
    yield case(
        "a missing model",
        lambda b: one(b, plan={"classify": {"parameters": {"model": "gone.safetensors"}}}),
        Refused(ModelFileError, ["gone.safetensors"], "classify"),
    )


def other_program():
    header = b'{"weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    return len(header).to_bytes(8, "little") + header + bytes(4)
