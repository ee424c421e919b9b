"""The sandbox's folder: made anew, and never in the place of something else."""

from __future__ import annotations

import json

import pytest

from prospector.sandbox.workspace import MARK, Mark, SandboxError, clear, read_mark


def test_an_earlier_sandbox_is_deleted(tmp_path):
    folder = tmp_path / "sandbox"
    folder.mkdir()
    (folder / MARK).write_text(json.dumps({"opened_at": "2026-11-22T10:00:00+00:00", "ports": {"feeds": 1}}))
    (folder / "prospector.db").write_text("old")

    mark = read_mark(folder)
    clear(folder)

    assert isinstance(mark, Mark)
    assert mark.ports == {"feeds": 1}
    assert not folder.exists()


@pytest.mark.parametrize("left", ["config.toml", "prospector.db", "thesis.txt"])
def test_a_folder_that_is_something_else_is_left_alone(tmp_path, left):
    (tmp_path / left).write_text("mine")

    with pytest.raises(SandboxError, match="not deleted"):
        clear(tmp_path)

    assert (tmp_path / left).read_text() == "mine"


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"opened_at": 3, "ports": {}}', '{"opened_at": "x", "ports": 1}']
)
def test_a_mark_that_cannot_be_read_is_none(tmp_path, text):
    (tmp_path / MARK).write_text(text)
    assert read_mark(tmp_path) is None


def test_an_empty_or_missing_folder_is_free(tmp_path):
    clear(tmp_path / "nowhere")
    clear(tmp_path)
    assert not tmp_path.exists()
