"""Takes the pictures of the tutorial: drives QGIS Desktop through the whole loop on the demo scene.

    python3 resources/help/make_pictures.py FOLDER [--only light-normal ...]

In a normal and a small window, light and dark. Prints the path of every picture; those of the tutorial are
taken from the light, normal window and written beside it, small enough to be shipped.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from qgis.PyQt.QtCore import QSettings, Qt
from qgis.PyQt.QtGui import QImage

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "demo"))

from desktop_profile import enable_plugin  # noqa: E402  found through the path above

# Name -> theme, size of the window, method that is trained. The network's curves are seen once.
TOURS = {
    "light-normal": ("default", "1600x1000", "mibf_net"),
    "dark-normal": ("Night Mapping", "1600x1000", "random_forest"),
    "light-small": ("default", "1280x720", "random_forest"),
    "dark-small": ("Night Mapping", "1280x720", "random_forest"),
}
TUTORIAL = "light-normal"
SHIPPED_WIDTH, QUALITY = 1200, 78  # pixels, and of JPEG
LIMIT_SECONDS = 1800


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="+", choices=sorted(TOURS), default=list(TOURS))
    options = parser.parse_args()
    failed = [name for name in options.only if not run(name, options.folder / name)]
    if TUTORIAL in options.only and TUTORIAL not in failed:
        ship(options.folder / TUTORIAL)
    if failed:
        print(f"Failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def run(name: str, folder: Path) -> bool:
    """Take one tour and print its pictures; return whether it came to its end."""
    theme, size, method = TOURS[name]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    profiles = folder / "profiles"
    settings = QSettings(str(enable_plugin(profiles)), QSettings.Format.IniFormat)
    settings.setValue("UI/UITheme", theme)
    settings.setValue("landfuse/folder", str(folder.resolve()))
    settings.sync()
    subprocess.run(
        command(size, profiles), env=environment(folder, size, method), timeout=LIMIT_SECONDS, check=False
    )
    shutil.rmtree(profiles)
    return report(folder)


def command(size: str, profiles: Path) -> list[str]:
    """Return the command that starts QGIS in a virtual screen of its own."""
    screen = (
        [] if os.environ.get("LANDFUSE_TOUR_SCREEN") else ["xvfb-run", "-a", "-s", f"-screen 0 {size}x24"]
    )
    qgis = ["qgis", "--nologo", "--noversioncheck", "--profiles-path", str(profiles)]
    return [*screen, *qgis, "--code", str(HERE / "tour.py")]


def environment(folder: Path, size: str, method: str) -> dict[str, str]:
    tour = {"TOUR": str(folder.resolve()), "TOUR_SIZE": size, "TOUR_METHOD": method}
    return {**os.environ, **{f"LANDFUSE_{name}": value for name, value in tour.items()}}


def report(folder: Path) -> bool:
    """Print the pictures of a tour and why it ended, if it did not reach its end."""
    notes = folder / "tour.json"
    if not notes.is_file():
        print(f"{folder}: QGIS ended before the tour did", file=sys.stderr)
        return False
    seen = json.loads(notes.read_text(encoding="utf-8"))
    for picture in seen["pictures"]:
        print(folder / picture)
    for window in seen["modal"]:
        print(f"{folder}: a window asked for somebody: {window}", file=sys.stderr)
    if "error" in seen:
        print(f"{folder}: {seen['error']}", file=sys.stderr)
    return "error" not in seen


def ship(folder: Path) -> None:
    """Write the pictures that the tutorial shows."""
    target, page = HERE / "pictures", (HERE / "index.html").read_text(encoding="utf-8")
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for path in sorted(folder.glob("[0-9][0-9]_*.png")):
        name = f"{path.stem[3:]}.jpg"  # without its number: the page refers to it by what it shows
        if f"pictures/{name}" not in page:
            continue
        image = QImage(str(path))
        if image.width() > SHIPPED_WIDTH:
            image = image.scaledToWidth(SHIPPED_WIDTH, Qt.TransformationMode.SmoothTransformation)
        if not image.save(str(target / name), "JPG", QUALITY):
            raise OSError(f"the picture cannot be written: {target / name}")


if __name__ == "__main__":
    sys.exit(main())
