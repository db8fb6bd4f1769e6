"""Point lists: binned by dwell at stated pixel centres; mistakes name their line."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stemgan.errors import InputError
from stemgan.images import read_partial_scan
from stemgan.images.points import parse_shape, read_points

SHAPE = (8, 12)


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


@given(st.data())
@settings(max_examples=30)
def test_binning_equals_a_plain_loop(tmp_path_factory, data):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    unit = data.draw(st.sampled_from(["px", "fraction"]))
    n = data.draw(st.integers(1, 60))
    x, y = rng.uniform(0, 1, (2, n))
    value, dwell = rng.normal(size=n), rng.uniform(0.1, 2, n)
    total, weighted = np.zeros(SHAPE), np.zeros(SHAPE)
    for i in range(n):
        at = int(y[i] * SHAPE[0]), int(x[i] * SHAPE[1])
        total[at] += dwell[i]
        weighted[at] += dwell[i] * value[i]
    if unit == "px":
        x, y = x * SHAPE[1] - 0.5, y * SHAPE[0] - 0.5
    rows = "\n".join(
        ",".join(repr(float(v)) for v in row) for row in zip(x, y, value, dwell, strict=True)
    )
    path = write(tmp_path_factory.mktemp("points") / "p.csv", rows)
    image = read_points(path, SHAPE, unit)
    measured = total > 0
    np.testing.assert_array_equal(image.dwell > 0, measured)
    np.testing.assert_allclose(
        image.data[measured], (weighted / total.clip(1e-9))[measured], 1e-5
    )
    np.testing.assert_allclose(image.dwell, total / np.median(total[measured]), rtol=1e-5)


def test_pixel_centres(tmp_path):
    path = write(tmp_path / "p.csv", "0,0,1\n-0.49,0.49,3\n11.49,7,5\n")
    image = read_points(path, SHAPE, "px")
    assert image.data[0, 0] == 2
    assert image.data[7, 11] == 5
    path = write(tmp_path / "q.csv", f"{0.5 / 12},{0.5 / 8},1\n{11.5 / 12},{7.5 / 8},5\n")
    image = read_points(path, SHAPE, "fraction")
    assert (image.data[0, 0], image.data[7, 11]) == (1, 5)


def test_a_header_may_reorder_and_a_comment_may_say_shape_and_unit(tmp_path):
    text = "\ufeff# shape=8x12 unit=fraction\n Intensity, Y ,x\n7,0.9,0.1 # last row\n"
    image = read_points(write(tmp_path / "p.csv", text))
    assert image.data.shape == SHAPE
    assert image.data[7, 1] == 7


def test_flags_win_over_the_comment(tmp_path):
    path = write(tmp_path / "p.csv", "# shape=8x12 unit=fraction\n1,2,7\n")
    assert read_points(path, (5, 5), "px").data[2, 1] == 7


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2\n", "column"),
        ("1,2,3,4,5\n", "column"),
        ("1,2,3\n1,2\n", "line 2 "),
        ("# c\n\nx,y,intensity\n1,2,3\n1,two,3\n", "line 5 .*'two'"),
        ("1,2,3\n1,2,nan\n", "line 2 .*NaN"),
        ("1,2,3\n1,2,inf\n", "line 2 .*Inf"),
        ("1,2,3,1\n1,2,3,0\n", "line 2 .*dwell"),
        ("1,2,3\n12,2,3\n", "line 2 .*outside"),
        ("1,2,3\n1,-0.6,3\n", "line 2 .*outside"),
        ("x,y,z\n1,2,3\n", "columns"),
        ("x,y,dwell\n1,2,3\n", "intensity"),
        ("x,y,intensity\n", "no points"),
        ("# nothing\n", "no points"),
        ("1;2;3\n", "column|number"),
    ],
)
def test_mistakes_name_their_place(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        read_points(write(tmp_path / "p.csv", text), SHAPE, "px")


def test_a_list_needs_a_frame_and_takes_no_mask(tmp_path):
    path = write(tmp_path / "p.csv", "1,2,3\n")
    with pytest.raises(InputError, match="--shape"):
        read_points(path)
    with pytest.raises(InputError, match="mask"):
        read_partial_scan(path, mask=path, shape=SHAPE)
    with pytest.raises(InputError, match="metres"):
        read_points(path, SHAPE, "metres")
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(InputError, match="not text"):
        read_points(tmp_path / "b.csv", SHAPE)


@pytest.mark.parametrize("text", ["512", "512x", "0x5", "-1x5", "1.5x2", "99999x99999", ""])
def test_bad_shapes(text):
    with pytest.raises(InputError, match="shape"):
        parse_shape(text)
