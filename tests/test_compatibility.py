"""What ships runs on Python 3.9, numpy 1.20 and GDAL 3.3: nothing newer is used, seen without having them."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TORCH_FREE_MODELS = ("catalog", "config", "model_file", "tensor_file", "forest", "svm", "context_features")

# Names and keyword arguments that came later. Lists of what was met or is likely, not of everything there is.
NEWER_THAN_PYTHON_39 = {
    "itertools": {"pairwise", "batched"},
    "types": {"NoneType", "UnionType", "EllipsisType"},
    "typing": {
        "Concatenate", "LiteralString", "Never", "NotRequired", "ParamSpec", "Required", "Self", "TypeAlias",
        "TypeGuard", "Unpack", "assert_never", "assert_type", "override", "reveal_type",
    },
    "enum": {"StrEnum", "verify"},
    "datetime": {"UTC"},
    "contextlib": {"chdir", "aclosing"},
    "inspect": {"get_annotations"},
    "math": {"cbrt", "exp2", "sumprod", "fma"},
    "sys": {"stdlib_module_names", "orig_argv", "exception"},
    "operator": {"call"},
}  # fmt: skip
NEWER_BUILTINS = {"aiter", "anext", "ExceptionGroup", "BaseExceptionGroup", "EncodingWarning"}
NEWER_METHODS = {"bit_count", "hardlink_to", "is_junction", "add_note"}
NEWER_MODULES = {"tomllib", "wsgiref.types"}
NEWER_KEYWORDS = {
    "zip": {"strict"},
    "map": {"strict"},
    "dataclass": {"slots", "kw_only", "match_args", "weakref_slot"},
    "field": {"kw_only"},
    "write_text": {"newline"},
    "read_text": {"newline"},
    "glob": {"root_dir", "dir_fd", "include_hidden", "case_sensitive", "recurse_symlinks"},
    "rmtree": {"onexc", "dir_fd"},
    "TemporaryDirectory": {"ignore_cleanup_errors", "delete"},
    "NamedTemporaryFile": {"delete_on_close"},
    "bisect": {"key"},
    "bisect_left": {"key"},
    "bisect_right": {"key"},
    "entry_points": {"group", "name"},
    "Popen": {"process_group", "pipesize"},
    "run": {"process_group", "pipesize"},
    "exists": {"follow_symlinks"},
    # numpy
    "percentile": {"method"},
    "quantile": {"method"},
    "nanpercentile": {"method"},
    "nanquantile": {"method"},
    "unique": {"equal_nan", "sorted"},
    "isin": {"kind"},
    "asarray": {"copy"},
    "reshape": {"shape", "copy"},
    # GDAL
    "MakeValid": {"options"},
    "CreateLayer": {"geom_field_defn"},
}
NEWER_THAN_NUMPY_120 = {
    "acos", "acosh", "asin", "asinh", "astype", "atan", "atan2", "atanh", "bitwise_count", "concat",
    "cumulative_prod", "cumulative_sum", "dtypes", "exceptions", "from_dlpack", "isdtype", "long", "matvec",
    "matrix_transpose", "permute_dims", "pow", "strings", "trapezoid", "ulong", "unique_all",
    "unique_counts", "unique_inverse", "unique_values", "unstack", "vecdot", "vecmat",
}  # fmt: skip
# Compared with the Python modules of GDAL 3.3.3.
NEWER_THAN_GDAL_33 = {
    "AsNumPy", "Close", "ConcaveHull", "ExceptionMgr", "Footprint", "GDT_Float16", "GDT_Int64", "GDT_Int8",
    "GDT_UInt64", "GetArrowStream", "GetArrowStreamAsNumPy", "GetArrowStreamAsPyArrow", "GetCoordinateEpoch",
    "GetGEOSVersionMajor", "GetGeometryTypes", "GetPROJEnableNetwork", "GetThreadLocalConfigOption",
    "IsDynamic", "IsMaskBand", "ReadAsMaskedArray", "SetCoordinateEpoch", "SetPROJEnableNetwork",
    "SetThreadLocalConfigOption", "StripVertical", "TransformBounds", "UnaryUnion", "UpsertFeature",
    "VectorInfo", "config_option", "config_options", "quiet_errors",
}  # fmt: skip


def shipped() -> list[Path]:
    tops = (ROOT / "core", ROOT / "processing_provider", ROOT / "ui")
    return [ROOT / "__init__.py", ROOT / "plugin.py", *(path for top in tops for path in top.rglob("*.py"))]


def findings(text: str) -> list[str]:
    """What in a module is newer than what it must run on."""
    try:
        tree = ast.parse(text, feature_version=(3, 9))
    except SyntaxError as error:
        return [f"line {error.lineno}: {error.msg}"]
    found = [f"line {line}: {what}" for line, what in sorted(_newer(tree))]
    declares = any(isinstance(n, (ast.FunctionDef, ast.ClassDef, ast.AnnAssign)) for n in ast.walk(tree))
    return found + (["annotations are evaluated"] if declares and not _postpones_annotations(tree) else [])


def _postpones_annotations(tree: ast.Module) -> bool:
    return any(name == "__future__.annotations" for node in tree.body for name in _imports(node))


def _newer(tree: ast.Module) -> set[tuple[int, str]]:
    hidden = _never_run(tree)
    run = [n for n in ast.walk(tree) if n not in hidden]
    found = {(n.lineno, f"import of {name}") for n in run for name in _imports(n) if _is_newer_import(name)}
    found |= {(n.lineno, ast.unparse(n)) for n in run if isinstance(n, ast.Attribute) and _is_newer_name(n)}
    found |= {(n.lineno, n.id) for n in run if isinstance(n, ast.Name) and n.id in NEWER_BUILTINS}
    found |= {(n.lineno, ast.unparse(n)) for n in run if isinstance(n, ast.Call) and _has_newer_keyword(n)}
    return found | {(n.lineno, ast.unparse(n)) for n in run if _is_type_union(n)}


def _never_run(tree: ast.Module) -> set[ast.AST]:
    """Annotations (they stay text) and what stands under TYPE_CHECKING."""
    roots: list[ast.AST] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            roots += node.body
        roots += [part for name in ("annotation", "returns") if (part := getattr(node, name, None))]
    return {node for root in roots for node in ast.walk(root)}


def _imports(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and not node.level:
        return [str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []


def _is_newer_import(name: str) -> bool:
    module, _, last = name.rpartition(".")
    # numpy.typing exists in 1.20, NDArray does not; no module needs either while it runs.
    is_typing = name.startswith("numpy.typing")
    newer = last in NEWER_THAN_PYTHON_39.get(module, ()) or (
        module == "numpy" and last in NEWER_THAN_NUMPY_120
    )
    return is_typing or newer or name in NEWER_MODULES


def _is_newer_name(node: ast.Attribute) -> bool:
    owner = ast.unparse(node.value)
    if owner in ("np", "numpy"):
        return node.attr in NEWER_THAN_NUMPY_120 | {"typing"}
    return node.attr in NEWER_THAN_PYTHON_39.get(owner, set()) | NEWER_METHODS | NEWER_THAN_GDAL_33


def _has_newer_keyword(node: ast.Call) -> bool:
    name = getattr(node.func, "id", getattr(node.func, "attr", ""))
    return any(keyword.arg in NEWER_KEYWORDS.get(name, ()) for keyword in node.keywords)


def _is_type_union(node: ast.AST) -> bool:
    """`X | None` or `int | str` as a value, such as an alias or the second argument of isinstance."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.BitOr):
        return False
    types = {"None", "str", "int", "float", "bool", "bytes", "list", "dict", "tuple", "set"}
    return any(ast.unparse(side).partition("[")[0] in types for side in (node.left, node.right))


def test_nothing_newer_is_used():
    files = shipped()
    assert len(files) > 100
    found = {str(path.relative_to(ROOT)): findings(path.read_text(encoding="utf-8")) for path in files}
    assert {path: what for path, what in found.items() if what} == {}


@pytest.mark.parametrize(
    "text",
    [
        "from numpy.typing import NDArray",
        "import numpy.typing as npt",
        "import numpy as np\nx = np.typing.NDArray[np.float32]",
        "import numpy as np\nnp.percentile([1], 5, method='linear')",
        "import numpy as np\nnp.bitwise_count(3)",
        "from numpy import trapezoid",
        "reference.StripVertical()",
        "from osgeo import gdal\nkind = gdal.GDT_Int64",
        "for a, b in zip(x, y, strict=True): pass",
        "path.write_text('x', newline='\\n')",
        "from itertools import pairwise",
        "import itertools\nitertools.pairwise([1])",
        "import tomllib",
        "from enum import StrEnum",
        "match x:\n    case 1: pass",
        "Number = int | None",
        "isinstance(x, int | str)",
        "def f(x: int) -> int: return x",
        "from __future__ import annotations\n@dataclass(slots=True)\nclass A: pass",
        "from __future__ import division\ndef f(x): pass",
        "raise ExceptionGroup('x', [])",
    ],
)
def test_the_guard_sees_what_is_newer(text):
    assert findings(text)


@pytest.mark.parametrize(
    "text",
    [
        "if TYPE_CHECKING:\n    from numpy.typing import NDArray\n    Array = NDArray[int] | None",
        "from __future__ import annotations\ndef f(x: int | None) -> str | None: return None",
        "from __future__ import annotations\nclass A:\n    x: int | None = None",
        "flags = a | b | 4",
        "text.removeprefix('a')",
        "import numpy as np\nnp.percentile([1], 5)",
    ],
)
def test_the_guard_lets_pass_what_is_old_enough(text):
    assert findings(text) == []


# In a child: here everything may be imported already.
SCRIPT = """
import importlib, importlib.util, sys
import numpy

for name in ("numpy.typing", "torch", "scipy", "sklearn", "safetensors"):
    sys.modules[name] = None  # every import of it fails
root, *names = sys.argv[1:]
spec = importlib.util.spec_from_file_location(
    "landfuse", root + "/__init__.py", submodule_search_locations=[root]
)
sys.modules["landfuse"] = package = importlib.util.module_from_spec(spec)
spec.loader.exec_module(package)
for name in names:
    importlib.import_module(name)
"""


def test_the_torch_free_core_imports_without_numpy_typing_torch_and_scipy():
    core = ROOT / "core"
    files = [*core.glob("*.py"), *(core / "data").rglob("*.py"), *(core / "evaluation").glob("*.py")]
    files += [core / "models" / f"{name}.py" for name in TORCH_FREE_MODELS]
    names = [
        ".".join(("landfuse", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")
        for path in files
        if path.name != "__main__.py"
    ]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(ROOT), *sorted(names)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
