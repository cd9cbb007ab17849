"""metadata.txt as QGIS and its plugin repository read it."""

from __future__ import annotations

import configparser

import pytest
from landfuse.core.version import __version__


@pytest.fixture
def metadata(root):
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(root / "metadata.txt", encoding="utf-8")
    return dict(parser["general"])


@pytest.mark.parametrize(
    "key",
    ["name", "description", "about", "version", "author", "email", "repository", "tracker", "tags", "icon"],
)
def test_what_the_repository_asks_for_is_there(metadata, key):
    assert metadata[key.lower()].strip()


def test_the_version_is_that_of_the_engine(metadata):
    assert metadata["version"] == __version__


def test_qgis_3_22_to_4_is_supported(metadata):
    assert metadata["qgisminimumversion"] == "3.22"
    assert metadata["qgismaximumversion"] == "4.99"


def test_qgis_process_finds_the_provider(metadata):
    assert metadata["hasprocessingprovider"] == "yes"


def test_the_licence_is_named_and_its_text_is_beside(metadata, root):
    assert "GPL-2.0-or-later" in metadata["about"]
    assert "GNU GENERAL PUBLIC LICENSE" in (root / "LICENSE").read_text(encoding="utf-8")


def test_the_icon_exists(metadata, root):
    assert (root / metadata["icon"]).is_file()
