"""Lists of classes in files: CSV with value, name and color, and QGIS's style files (QML)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from qgis.core import QgsMapLayer
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtXml import QDomDocument, QDomElement

from ...core.data.spelling import tidy
from ...core.errors import ClassesError, OutputError
from .class_row import ClassRow, class_number
from .class_style import stored_key

_HEADERS = {
    "value": ("value", "class", "id", "code", "number", "dn"),
    "name": ("name", "label", "class_name", "classname", "title"),
    "color": ("color", "colour", "rgb", "hex"),
}
_TRIPLE = re.compile(r"\s*(\d{1,3})[ ,;/]+(\d{1,3})[ ,;/]+(\d{1,3})(?:[ ,;/]+\d{1,3})?\s*")


@dataclass(frozen=True)
class ListedClass:
    """A class of a file: `value` None and `color` "" where the file does not say."""

    value: int | None
    name: str
    color: str = ""


def read_list(path: str) -> list[ListedClass]:
    """Return the classes of a CSV or QML file. Raises `ClassesError`."""
    text = _text(path)
    is_style = Path(path).suffix.lower() == ".qml" or "<qgis" in text[:500]
    found = _from_qml(text, path) if is_style else list(_from_csv(text, path))
    if not found:
        raise ClassesError(
            "The file holds no classes.",
            where=path,
            remedy="Choose a CSV file with the columns value, name, color, or a style file of QGIS.",
        )
    _refuse_twice(found, path)
    return found


def write_list(path: str, rows: Iterable[ClassRow], layer: QgsMapLayer) -> None:
    """Write the classes as CSV, or the layer's style as QML. Raises `OutputError`."""
    if Path(path).suffix.lower() == ".qml":
        told, done = layer.saveNamedStyle(path, QgsMapLayer.StyleCategory.Symbology)
        if not done:
            raise OutputError(f"The style cannot be written ({told}).", where=path)
        return
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["value", "name", "color"])
    writer.writerows([row.value, row.name, row.color] for row in rows)
    try:
        Path(path).write_bytes(text.getvalue().encode("utf-8-sig"))  # the mark tells Excel the encoding
    except OSError as error:
        raise OutputError(f"The file cannot be written ({error.strerror}).", where=path) from error


def _text(path: str) -> str:
    try:
        stored = Path(path).read_bytes()
    except OSError as error:
        raise ClassesError(f"The file cannot be read ({error.strerror}).", where=path) from error
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return stored.decode(encoding)
        except UnicodeDecodeError:
            continue
    return stored.decode("latin-1")


def _from_csv(text: str, path: str) -> Iterator[ListedClass]:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("//")]
    if not lines:
        return
    delimiter = max(";\t,", key=lambda mark: lines[0].count(mark))
    rows = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=delimiter)]
    columns = _columns(rows[0])
    if columns:
        rows = rows[1:]
    else:  # no line of titles
        columns = {"value": 0, "name": 1, "color": 2}
    for number, row in enumerate(rows, start=1):
        cells = {key: row[at] if at < len(row) else "" for key, at in columns.items()}
        yield _listed(cells, f"{path}, class {number}")


def _columns(titles: Sequence[str]) -> dict[str, int]:
    lower = [title.strip().lower() for title in titles]
    found = {
        key: next((lower.index(word) for word in words if word in lower), -1)
        for key, words in _HEADERS.items()
    }
    return {key: at for key, at in found.items() if at >= 0}


def _listed(cells: Mapping[str, str], where: str) -> ListedClass:
    value = None
    if cells.get("value"):
        value = class_number(cells["value"])
        if value is None:
            raise ClassesError(
                f"'{cells['value']}' is no class value.", where=where, remedy="Values are 1 to 65535."
            )
    name = tidy(cells.get("name", ""))
    if value is None and not name:
        raise ClassesError("A class has neither value nor name.", where=where)
    return ListedClass(value, name or f"class {value}", _color(cells.get("color", ""), where))


def _color(text: str, where: str) -> str:
    if not text.strip():
        return ""
    triple = _TRIPLE.fullmatch(text)
    color = QColor(*(min(int(v), 255) for v in triple.groups())) if triple else QColor(text.strip())
    if not color.isValid():
        raise ClassesError(f"'{text}' is no colour.", where=where, remedy="Write it as #33a02c or 51 160 44.")
    return color.name()


def _from_qml(text: str, path: str) -> list[ListedClass]:
    document = QDomDocument()
    if not document.setContent(text):
        raise ClassesError("The style file is damaged.", where=path)
    root = document.documentElement()
    return [*_of_categories(root), *_of_palette(root)]


def _of_categories(root: QDomElement) -> Iterator[ListedClass]:
    """Yield the classes of a vector style."""
    renderer = root.firstChildElement("renderer-v2")
    if renderer.attribute("type") != "categorizedSymbol":
        return
    colors = {s.attribute("name"): _symbol_color(s) for s in _children(renderer, "symbols", "symbol")}
    for category in _children(renderer, "categories", "category"):
        stored, name = category.attribute("value"), tidy(category.attribute("label"))
        if stored_key(stored) and stored != "NULL":
            color = colors.get(category.attribute("symbol"), "")
            yield ListedClass(class_number(stored), name or stored, color)


def _of_palette(root: QDomElement) -> Iterator[ListedClass]:
    """Yield the classes of the style of a class map."""
    entries = root.elementsByTagName("paletteEntry")
    for position in range(entries.count()):
        entry = entries.at(position).toElement()
        value = class_number(entry.attribute("value"))
        if value is not None:
            name = tidy(entry.attribute("label")) or f"class {value}"
            yield ListedClass(value, name, QColor(entry.attribute("color")).name())


def _children(parent: QDomElement, group: str, tag: str) -> Iterator[QDomElement]:
    child = parent.firstChildElement(group).firstChildElement(tag)
    while not child.isNull():
        yield child
        child = child.nextSiblingElement(tag)


def _symbol_color(symbol: QDomElement) -> str:
    """Return the colour of a symbol's first layer, "" for none; it is stored in an old and a new way."""
    layer = symbol.firstChildElement("layer")
    stored = {p.attribute("k"): p.attribute("v") for p in _tags(layer, "prop")}
    stored.update({p.attribute("name"): p.attribute("value") for p in _tags(layer, "Option")})
    text = stored.get("color") or stored.get("line_color") or ""
    parts = text.split(",")
    if len(parts) < 3 or not all(part.isdigit() for part in parts[:3]):
        return ""
    return QColor(*(min(int(part), 255) for part in parts[:3])).name()


def _tags(parent: QDomElement, tag: str) -> Iterator[QDomElement]:
    found = parent.elementsByTagName(tag)
    for position in range(found.count()):
        yield found.at(position).toElement()


def _refuse_twice(classes: Sequence[ListedClass], path: str) -> None:
    values = [c.value for c in classes if c.value is not None]
    twice = sorted({v for v in values if values.count(v) > 1})
    if twice:
        raise ClassesError(f"Class value {twice[0]} is listed more than once.", where=path)
