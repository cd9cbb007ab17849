"""A change of the class table in the layer's own history: Edit > Undo takes it back with the areas."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.core import QgsRendererCategory, QgsVectorLayer
from qgis.PyQt import QtGui, QtWidgets, sip

from .class_style import carried_over, categories_of, style_on, write_categories

# In Qt 6 the class has moved.
QUndoCommand = QtWidgets.QUndoCommand if hasattr(QtWidgets, "QUndoCommand") else QtGui.QUndoCommand

# The history keeps only the C++ half of a command: without a reference Python collects its own half, and with
# it `undo`. What a history has let go of is dropped at the next command.
_alive: list[QUndoCommand] = []


class StyleCommand(QUndoCommand):
    """Changes the categories of a layer from `before` to `after` and back. Pushing it makes the change."""

    def __init__(
        self,
        layer: QgsVectorLayer,
        field: str,
        before: Sequence[QgsRendererCategory],
        after: Sequence[QgsRendererCategory],
        text: str = "",
    ) -> None:
        super().__init__(text)
        self._layer, self._field = layer, field
        self._before, self._after = list(before), list(after)
        _alive[:] = [command for command in _alive if not sip.isdeleted(command)]
        _alive.append(self)

    def redo(self) -> None:
        """Make the change; called by the history when it is pushed, too."""
        self._apply(self._before, self._after)

    def undo(self) -> None:
        """Take the change back."""
        self._apply(self._after, self._before)

    def _apply(self, before: list[QgsRendererCategory], after: list[QgsRendererCategory]) -> None:
        styled = style_on(self._layer, self._field) is not None
        now = categories_of(self._layer, self._field) if styled else before
        write_categories(self._layer, self._field, carried_over(now, before, after))
