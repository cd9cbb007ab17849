"""Enables Landfuse in the QGIS profile that `make qgis` starts with; nothing else in the profile is touched.

    python3 resources/demo/desktop_profile.py FOLDER

FOLDER is what QGIS gets as `--profiles-path`. The plugin itself is found through QGIS_PLUGINPATH.
"""

from __future__ import annotations

import sys
from pathlib import Path

from qgis.PyQt.QtCore import QSettings


def enable_plugin(profiles: Path) -> Path:
    """Tick Landfuse in the plugin manager of the default profile and return the settings file.

    Written before QGIS starts: the plugin is then loaded with all others, as after a real installation.
    Raises `OSError` when the file cannot be written.
    """
    path = profiles / "profiles" / "default" / "QGIS" / "QGIS3.ini"
    path.parent.mkdir(parents=True, exist_ok=True)
    settings = QSettings(str(path), QSettings.Format.IniFormat)
    settings.setValue("PythonPlugins/landfuse", True)
    settings.sync()
    if settings.status() != QSettings.Status.NoError:
        raise OSError(f"The QGIS profile cannot be written: {path}. Check the rights of the folder.")
    return path


if __name__ == "__main__":
    enable_plugin(Path(sys.argv[1]))
