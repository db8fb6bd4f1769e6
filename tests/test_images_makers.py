"""Makers' formats through RosettaSciIO."""

import sys

import numpy as np
import pytest

from stemgan.errors import InputError
from stemgan.images import (
    read_micrograph,
    read_stack,
)

SHAPE = (33, 47)


def noise(shape=SHAPE, seed=0):
    return np.random.default_rng(seed).normal(5, 3, shape).astype(np.float32)


@pytest.mark.parametrize("name", ["a.dm4", "a.xyz"])
def test_makers_formats_name_the_extra(tmp_path, name, monkeypatch):
    monkeypatch.setattr("stemgan.images.vendor.util.find_spec", lambda _: None)
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(InputError, match=r"pip install 'stemgan\[formats\]'"):
        read_stack(tmp_path / name)


@pytest.fixture
def rosettasciio(monkeypatch, tmp_path):
    """Stand in for RosettaSciIO with one format, so that its seam is tested without it."""
    package = tmp_path / "packages" / "rsciio"
    (package / "toy").mkdir(parents=True)
    plugin = {"name": "Toy", "file_extensions": ["toy", "TOY"], "api": "rsciio.toy"}
    (package / "__init__.py").write_text(f"IO_PLUGINS = [{plugin}]\n")
    (package / "toy" / "__init__.py").write_text(
        "import numpy as np\n"
        "def file_reader(name, lazy=False):\n"
        "    if lazy:\n"
        "        raise ValueError('this one cannot')\n"
        "    from pathlib import Path\n"
        "    if Path(name).read_text() != 'toy':\n"
        "        raise OSError('not\\n a toy')\n"
        "    axes = [{'scale': 1.0, 'units': 'm'}] + [{'scale': 2e-10, 'units': 'm'}] * 2\n"
        "    head = {'General': {'title': 'HAADF'}}\n"
        "    spectra = [{'navigate': True}] * 2 + [{'navigate': False}]\n"
        "    return [{'data': np.ones((32, 40, 9)), 'axes': spectra},\n"
        "            {'data': np.ones((32, 40), 'u2'), 'axes': axes[1:], 'metadata': head}]\n"
    )
    monkeypatch.syspath_prepend(package.parent)
    for name in ("rsciio", "rsciio.toy"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield
    for name in ("rsciio", "rsciio.toy"):
        sys.modules.pop(name, None)


@pytest.mark.usefixtures("rosettasciio")
def test_makers_formats_are_read_through_rosettasciio(tmp_path):
    (tmp_path / "a.toy").write_text("toy")
    (image,) = read_stack(tmp_path / "a.toy")
    assert image.data.shape == (32, 40)
    assert image.data.dtype == np.float32
    assert (image.pixel_size, image.unit) == (0.2, "nm")
    assert image.metadata == {"title": "HAADF"}
    (tmp_path / "b.toy").write_text("broken")
    with pytest.raises(InputError, match=r"Toy: not a toy"):
        read_stack(tmp_path / "b.toy")
    (tmp_path / "c.other").write_text("x")
    with pytest.raises(InputError, match="unknown format"):
        read_stack(tmp_path / "c.other")


@pytest.mark.parametrize("name", ["test_STEM_image.dm3", "fei_example_dpc_titles.emd"])
def test_real_makers_files(name, real_data):
    pytest.importorskip("rsciio", reason="RosettaSciIO is not installed")
    image = read_micrograph(real_data / "formats" / name)
    assert image.pixel_size is not None
    assert image.unit in ("pm", "nm", "µm")
    assert np.isfinite(image.data).all()
