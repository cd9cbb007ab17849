from __future__ import annotations

import os

import pytest
from landfuse.core.data.text_output import write_text_atomic
from landfuse.core.errors import OutputError


def test_text_is_written_as_it_is_and_replaces_what_was_there(tmp_path):
    target = tmp_path / "a.csv"
    target.write_text("old, and longer than the new text")
    write_text_atomic(target, "\ufeffä\r\nb\n")
    assert target.read_bytes() == b"\xef\xbb\xbf\xc3\xa4\r\nb\n"
    assert os.listdir(tmp_path) == ["a.csv"]


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(OutputError, match="does not exist") as error:
        write_text_atomic(tmp_path / "none" / "a.html", "x")
    assert "none" in str(error.value)
    assert error.value.remedy


def test_a_folder_of_that_name_is_not_replaced(tmp_path):
    (tmp_path / "a.html").mkdir()
    with pytest.raises(OutputError, match="folder of this name"):
        write_text_atomic(tmp_path / "a.html", "x")


def test_a_failed_write_leaves_the_old_file_and_no_draft(tmp_path, monkeypatch):
    target = tmp_path / "a.html"
    target.write_text("old")

    def refuse(source, destination):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OutputError, match="Permission denied"):
        write_text_atomic(target, "new")
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.html"]


def test_text_that_cannot_be_encoded_leaves_no_draft(tmp_path):
    with pytest.raises(UnicodeEncodeError):
        write_text_atomic(tmp_path / "a.html", "\ud800")
    assert os.listdir(tmp_path) == []
