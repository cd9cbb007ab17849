"""The options of the command line, made from the table of jobs, and the job that they describe."""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path
from typing import Any

from .errors import JobError
from .job import Job
from .job_file import parse_job
from .job_kinds import KINDS
from .job_spec import MODALITIES, QUANTITIES, ZERO_MEANS, JobKind, Parameter
from .source_options import OPTIONS_HELP, options_of_rasters
from .version import __version__

# Parameters and outputs that are given without an option's name.
POSITIONAL = {"modelinfo": "model", "importweights": "checkpoint", "demoscene": "folder"}
EXAMPLES = {
    "train": "landfuse train --hsi hyper.tif --lidar height.tif --samples areas.gpkg --class-field class \\\n"
    "    --method mibf_net --model city.safetensors --report city.html",
    "classify": "landfuse classify --model city.safetensors --hsi hyper.tif --lidar height.tif \\\n"
    "    --classmap map.tif",
    "classifyscenes": "landfuse classifyscenes --model city.safetensors --scenes flights --maps maps",
    "assess": "landfuse assess --classmap map.tif --samples points.gpkg --class-field class \\\n"
    "    --report accuracy.html",
    "classareas": "landfuse classareas --classmap map.tif --zones districts.gpkg --zone-field name \\\n"
    "    --table areas.csv",
    "minimummappingunit": "landfuse minimummappingunit --classmap map.tif --unit 400 --filtered map_400.tif",
    "compare": "landfuse compare --hsi hyper.tif --lidar height.tif --samples areas.gpkg \\\n"
    "    --class-field class --methods mibf_net,random_forest,svm --subsets all,single --seeds 1,2,3 \\\n"
    "    --folds 4 --results comparison",
    "forecast": "landfuse forecast --hsi hyper.tif --lidar height.tif --sample-count 400 --class-count 6",
    "checkinputs": "landfuse checkinputs --hsi hyper.tif --sar vv.tif vh.tif --report inputs.html",
    "splitsamples": "landfuse splitsamples --hsi hyper.tif --samples areas.gpkg --class-field class \\\n"
    "    --training train.gpkg --test test.gpkg",
    "samplereport": "landfuse samplereport --hsi hyper.tif --lidar height.tif --samples areas.gpkg \\\n"
    "    --class-field class --report samples.html --conflicts conflicts.gpkg",
    "modelinfo": "landfuse modelinfo city.safetensors",
    "diffusionfeatures": "landfuse diffusionfeatures --hsi hyper.tif --lidar height.tif \\\n"
    "    --features features.tif --extractor diffusion.safetensors",
    "importweights": "landfuse importweights best_model.pth.tar --method ncglf2 --hsi hyper.tif \\\n"
    "    --lidar height.tif --class-names apples,buildings,ground,woods,vineyard,roads \\\n"
    "    --model published.safetensors",
    "importscene": "landfuse importscene --hsi-file HSI.mat --lidar-file LiDAR.mat --labels-file gt.mat \\\n"
    "    --labels-variable gt --split number --per-class 20 --scene trento",
    "demoscene": "landfuse demoscene demo",
}
_TYPES = {"int": int, "float": float, "str": str, "choice": str, "file": str, "folder": str}
_METAVARS = {"int": "N", "float": "X", "str": "TEXT", "folder": "FOLDER"}
_RUN_TEXT = (
    "Runs a job that is described in a JSON file, such as the M.job.json beside a model. "
    "Relative paths are relative to the file."
)
_SERVE_TEXT = (
    "Reads requests from stdin and writes events to stdout, one JSON object per line, until stdin ends."
)
_SETUP_TEXT = (
    "Makes a private Python environment with PyTorch, scikit-learn and safetensors outside the plugin, after "
    "saying its size and place. Nothing is ever installed by itself."
)
_LAYER_MARK = "|layername="
_EXIT_CODES = "exit codes: 0 done, 1 an error told in words, 2 wrong usage, 130 cancelled"


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Keeps the line breaks of the examples and leaves room for long option names."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30)


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="landfuse",
        description="Land-cover maps from several co-registered sources with deep fusion networks.",
        epilog=f"'landfuse COMMAND --help' explains a command and gives an example.\n{_EXIT_CODES}",
        formatter_class=_Formatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"landfuse {__version__}")
    commands = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND", required=True)
    for name, spec in KINDS.items():
        _add_job(_add_command(commands, name, spec.title, spec.summary, EXAMPLES.get(name, "")), name, spec)
    run = _add_command(commands, "run", "Run a job file", _RUN_TEXT, "landfuse run city.job.json")
    run.add_argument("job", metavar="JOB.json", help="job file")
    _add_setup(commands)
    _add_command(commands, "serve", "Serve jobs on stdin (used by the plugin)", _SERVE_TEXT, "landfuse serve")
    return parser


def job_of(options: argparse.Namespace) -> Job:
    """Return the job that the parsed options describe. Raises `JobError`."""
    spec, values = KINDS[options.command], vars(options)
    description: dict[str, Any] = {
        "kind": options.command,
        "parameters": {p.name: values[p.name] for p in spec.parameters if values[p.name] is not None},
        "outputs": {name: values[name] for name in spec.outputs if values[name] is not None},
    }
    if spec.reads_scene:
        description.update(inputs=_inputs(values), grid=_grid(values))
        description.update(mask=values["mask"], mask_values=values["mask_values"])
    if spec.takes_samples:
        description["samples"] = _samples(values, "")
    if spec.takes_test_samples:
        description["test_samples"] = _samples(values, "test_")
    return parse_job(description, Path.cwd())


def _add_command(commands: Any, name: str, title: str, text: str, example: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=title,
        description=textwrap.fill(text, 100),
        epilog=f"example:\n  {example}\n\n{_EXIT_CODES}",
        formatter_class=_Formatter,
        allow_abbrev=False,
    )
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser


def _add_job(parser: argparse.ArgumentParser, name: str, spec: JobKind) -> None:
    if spec.reads_scene:
        _add_sources(parser, spec)
    if spec.takes_samples:
        _add_samples(parser, spec)
    positional = POSITIONAL.get(name)
    settings = parser.add_argument_group("settings")
    advanced = parser.add_argument_group("advanced settings")
    for parameter in spec.parameters:
        _add_parameter(advanced if parameter.advanced else settings, parameter, parameter.name == positional)
    outputs = parser.add_argument_group("outputs")
    for key, output in spec.outputs.items():
        names = [key] if key == positional else [_option(key)]
        needed: dict[str, Any] = {} if key == positional else {"required": output.required}
        outputs.add_argument(
            *names, metavar=_metavar(output.extension, output.type), help=output.label, **needed
        )


def _add_parameter(group: Any, parameter: Parameter, is_positional: bool) -> None:
    text = _help(parameter)
    if is_positional:
        group.add_argument(parameter.name, metavar=_metavar("", "file"), help=text)
    elif parameter.type == "bool":
        group.add_argument(_option(parameter.name), action=argparse.BooleanOptionalAction, help=text)
    else:
        group.add_argument(
            _option(parameter.name),
            type=_TYPES[parameter.type],
            choices=parameter.choices or None,
            metavar=None if parameter.choices else _METAVARS.get(parameter.type, "F"),
            required=parameter.required,
            help=text,
        )


def _help(parameter: Parameter) -> str:
    sentence = f"{parameter.label}. {parameter.help}".strip()
    default = parameter.default
    if parameter.type == "bool":
        sentence += f" (default: {'on' if default else 'off'})"
    elif not parameter.required and default != "":
        sentence += f" (default: {default})"
    return sentence.replace("%", "%%")


def _add_sources(parser: argparse.ArgumentParser, spec: JobKind) -> None:
    needed = "all optional" if spec.scene_optional else "at least one in all"
    group = parser.add_argument_group(
        "sources",
        f"one or more rasters each, {needed}; also folders of rasters, Sentinel-2, "
        "Landsat and EnMAP products (a folder or a .zip of it), netCDF and HDF files",
    )
    for key in MODALITIES:
        group.add_argument(
            f"--{key}", nargs="+", metavar="F", help=f"rasters of modality {key}, or folders of them"
        )
    for key in MODALITIES:
        group.add_argument(
            f"--{key}-bands", metavar="LIST", help=f"bands of {key} to use, e.g. 1-120,150-200"
        )
    for key in MODALITIES:
        group.add_argument(
            f"--{key}-quantity", choices=QUANTITIES, help=f"what {key} measures (default: guessed)"
        )
    for key in MODALITIES:
        first = f"settings of {key}. {OPTIONS_HELP}" if key == MODALITIES[0] else f"settings of {key}"
        group.add_argument(f"--{key}-options", nargs="+", metavar="NAME=VALUE", help=first)
    group.add_argument("--mask", metavar="F", help="raster (0 = leave out) or polygons (inside = kept)")
    group.add_argument(
        "--mask-values", metavar="LIST", help="values of a raster mask to leave out, e.g. 3,8-10"
    )
    grid = parser.add_argument_group("grid", "chosen from sources and samples unless given")
    grid.add_argument("--pixel-size", type=float, metavar="X", help="pixel side in units of the grid's CRS")
    corners = ("X_MIN", "Y_MIN", "X_MAX", "Y_MAX")
    grid.add_argument("--extent", type=float, nargs=4, metavar=corners, help="corners of the map")
    grid.add_argument(
        "--extent-crs", metavar="CRS", help="CRS of --extent, e.g. EPSG:32633 (default: the grid's)"
    )
    grid.add_argument("--reference", metavar="F", help="raster whose grid the map takes")


def _add_samples(parser: argparse.ArgumentParser, spec: JobKind) -> None:
    group = parser.add_argument_group("samples")
    source = group.add_mutually_exclusive_group(required=spec.needs_samples)
    layer = f"vector layer with a class field (F or F{_LAYER_MARK}NAME)"
    source.add_argument("--samples", metavar="F", help=layer)
    source.add_argument("--labels", metavar="F", help="label raster (0 = unlabelled)")
    group.add_argument("--class-field", metavar="NAME", help="field of the classes")
    group.add_argument("--group-field", metavar="NAME", help="field of the groups that are never split")
    group.add_argument("--sample-radius", type=float, metavar="X", help="metres around points and lines")
    group.add_argument("--radius-field", metavar="NAME", help="field with the metres around each feature")
    group.add_argument(
        "--class-zero", choices=ZERO_MEANS, help="what class value 0 means (default: unlabelled)"
    )
    group.add_argument(
        "--renumber",
        action="store_true",
        help="number classes 1, 2, 3 ... (for values outside 1 to 65535)",
    )
    if spec.takes_test_samples:
        test = parser.add_argument_group("test samples", "scored on instead of a held-back part")
        source = test.add_mutually_exclusive_group()
        source.add_argument("--test-samples", metavar="F", help="vector layer with the fields of --samples")
        source.add_argument("--test-labels", metavar="F", help="label raster")


def _add_setup(commands: Any) -> None:
    parser = _add_command(
        commands,
        "setup",
        "Install what the engine needs",
        _SETUP_TEXT,
        "landfuse setup --folder /data/landfuse",
    )
    add = parser.add_argument
    add("--folder", metavar="FOLDER", help="where (default: the user's data folder)")
    add("--python", metavar="F", default="", help="Python with GDAL and NumPy to build on")
    add("--device", choices=("auto", "cpu", "cuda"), default="auto", help="kind of PyTorch to install")
    add("--torch-index", metavar="URL", default="", help="package index to take PyTorch from")
    add("--use", metavar="PYTHON", default="", help="install nothing, use this Python as it is")
    add("--if-needed", action="store_true", help="do nothing when the environment works already")
    add("--yes", action="store_true", help="do not ask")


def _inputs(values: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    inputs = {}
    for key in MODALITIES:
        for name in ("bands", "quantity", "options"):
            if values[f"{key}_{name}"] and not values[key]:
                raise JobError(f"--{key}-{name} is given without --{key}.")
        if values[key]:
            inputs[key] = _rasters(values, key)
    return inputs


def _rasters(values: dict[str, Any], key: str) -> list[dict[str, Any]]:
    text = " ".join(values[f"{key}_options"] or ())
    common = {"bands": values[f"{key}_bands"], "quantity": values[f"{key}_quantity"]}
    options = options_of_rasters(text, len(values[key]), f"--{key}-options")
    return [{**common, **own, "path": path} for path, own in zip(values[key], options)]


def _grid(values: dict[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in ("pixel_size", "extent", "extent_crs", "reference")}


def _samples(values: dict[str, Any], prefix: str) -> dict[str, Any] | None:
    layer, labels = values[f"{prefix}samples"], values[f"{prefix}labels"]
    meaning = {"zero": values["class_zero"], "renumber": values["renumber"]}
    if labels:
        return {"path": labels, "type": "raster", **meaning}
    if not layer:
        return None
    if not values["class_field"]:
        raise JobError(f"--{prefix.replace('_', '-')}samples needs --class-field NAME.")
    path, _, name = layer.partition(_LAYER_MARK)
    return {
        "path": path,
        "layer": name,
        "class_field": values["class_field"],
        "group_field": values["group_field"],
        "radius": values["sample_radius"],
        "radius_field": values["radius_field"],
        **meaning,
    }


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _metavar(extension: str, kind: str) -> str:
    return "FOLDER" if kind == "folder" else f"F.{extension}" if extension else "F"
