"""Names of methods in figures."""

import pytest

from stemgan.plots.style import folded


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("runs/new.safetensors", "new"),
        ("runs/new.safetensors:raw", "new:raw"),
        ("a.safetensors/new.safetensors:raw", "new:raw"),
        ("stemgan-s:raw", "stemgan-s:raw"),
        ("my.safetensors files", "my.safetensors files"),
        ("runs/a-weights-of-mine.safetensors:raw", "a-weights-\nof-mine:raw"),
    ],
)
def test_weights_files_go_without_folder_and_ending(name, shown):
    assert folded(name) == shown
