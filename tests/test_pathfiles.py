"""Path files: every format's round trip within its bound, and what is refused."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stemgan.errors import InputError
from stemgan.images import write_image
from stemgan.pathfiles import (
    FORMATS,
    FramePath,
    format_of,
    is_file,
    on_frame,
    read_path,
    scan_design,
    write_path,
)
from stemgan.pathfiles.measured import read_path_scan
from stemgan.scan import CustomPath, ScanDesign

SHAPE = (24, 32)
SUFFIX = {"npy": ".npy", "odemis": ".npy", "abtem": ".npy", "tif": ".tif"}
WITH_DWELL = ("npy", "csv", "obi")


def bound(form, shape):
    """Largest distance [px] that a format may move a position by."""
    if form in ("de", "tif"):
        return math.sqrt(0.5)
    return math.sqrt(0.5) * max(shape) / 16384 if form == "obi" else 1e-9


def file_in(folder, form):
    return folder / f"path_scan_coordinates{SUFFIX.get(form, '.csv')}"


@settings(max_examples=60)
@given(st.data())
def test_positions_come_back_within_the_formats_bound(tmp_path_factory, data):
    form = data.draw(st.sampled_from(FORMATS))
    shape = data.draw(st.tuples(st.integers(1, 300), st.integers(1, 300)))
    seed, n = data.draw(st.integers(0, 2**32)), data.draw(st.integers(1, 40))
    rng = np.random.default_rng(seed)
    path = rng.uniform(-0.5, np.asarray(shape) - 0.5, (n, 2))
    dwell = rng.uniform(2e-7, 8e-3, n)
    file = file_in(tmp_path_factory.mktemp("p"), form)
    written = write_path(file, FramePath(path, shape, dwell), form, pixel_size=0.37)
    assert written.error <= bound(form, shape) * (1 + 1e-9)
    assert written.left_out == 0
    back = on_frame(read_path(file, shape, form, pixel_size=0.37), shape)
    assert not back.joined
    if form == "tif":
        pixels = np.unique(np.floor(path + 0.5), axis=0)
        np.testing.assert_array_equal(np.round(back.path), pixels)  # in raster order
        assert written.positions == len(pixels)
        return
    off = np.hypot(*(back.path - path).T)
    assert off.max() == pytest.approx(written.error, abs=1e-12)
    assert (back.dwell is not None) == (form in WITH_DWELL)
    assert written.loses_dwell == (form not in WITH_DWELL and n > 1)
    if back.dwell is not None:
        worst = np.abs(back.dwell - dwell).max()
        assert worst == written.dwell_error
        assert worst <= (62.6e-9 if form == "obi" else 0)
        assert written.duration == pytest.approx(back.dwell.sum())


@settings(max_examples=30)
@given(st.sampled_from(["npy", "csv"]), st.integers(2, 30), st.booleans(), st.integers(0, 999))
def test_our_own_formats_are_exact_outside_the_frame_too(
    tmp_path_factory, form, n, joined, seed
):
    rng = np.random.default_rng(seed)
    path = FramePath(rng.normal(10, 40, (n, 2)), SHAPE, rng.uniform(1e-9, 9, n), joined)
    path.dwell[-1] *= not joined
    file = file_in(tmp_path_factory.mktemp("p"), form)
    assert write_path(file, path, form).left_out == 0
    assert format_of(file) == form
    back, wanted = read_path(file), path.custom()
    np.testing.assert_array_equal(back.positions, wanted.positions)
    np.testing.assert_array_equal(back.dwell, wanted.dwell)
    assert back.joined == joined


@pytest.mark.parametrize("form", [f for f in FORMATS if f not in ("npy", "csv")])
def test_of_a_joined_path_each_pixel_is_held_once_in_order(tmp_path, form):
    trace = ScanDesign("spiral", SHAPE, pitch=7).trace()
    path = FramePath(trace.path, SHAPE, None, joined=True)
    file = file_in(tmp_path, form)
    options = {"visited": trace.visited, "pixel_dwell": 1e-6, "pixel_size": 0.2}
    written = write_path(file, path, form, **options)
    assert written.left_out > 0
    assert written.positions == len(trace.visited)
    assert written.duration == pytest.approx(1e-6 * len(trace.visited))
    assert not written.loses_dwell
    back = read_path(file, SHAPE, form, pixel_size=0.2)
    again = ScanDesign("custom", SHAPE, custom=back).trace()
    np.testing.assert_array_equal(again.mask, trace.mask)
    if form != "tif":
        np.testing.assert_array_equal(again.visited, trace.visited)


def test_positions_outside_the_frame_are_left_out_and_counted(tmp_path):
    path = FramePath(np.array([[1.0, 1], [-3, 1], [5, 31.4], [5, 31.6]]), SHAPE, np.ones(4))
    written = write_path(tmp_path / "a.csv", path, "de")
    assert (written.positions, written.left_out) == (2, 2)
    assert (tmp_path / "a.csv").read_text() == "1,1\n31,5\n"


def test_what_makers_files_hold(tmp_path):
    path = FramePath(np.array([[0.0, 0.0], [5.0, 31.0]]), SHAPE, np.array([1e-6, 2e-6]))
    write_path(tmp_path / "o.csv", path, "obi")
    # 512 codes a pixel: centres lie between the middle two.
    assert (tmp_path / "o.csv").read_text() == "256,256,8\n16128,2816,16\n"
    write_path(tmp_path / "o.npy", path, "odemis")
    np.testing.assert_array_equal(np.load(tmp_path / "o.npy"), [[-15.5, -11.5], [15.5, -6.5]])
    write_path(tmp_path / "a.npy", path, "abtem", pixel_size=0.5)
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), [[0, 0], [2.5, 15.5]])


def test_the_last_code_of_a_side_that_ends_within_a_step_is_inside(tmp_path):
    # Six rows are 14043.43 steps, and the middle of the last one lies outside.
    path = FramePath(np.array([[6 - 0.5 - 1e-6, 3.0]]), (6, 7), np.array([1e-6]))
    assert write_path(tmp_path / "o.csv", path, "obi").error < 1e-3
    assert (tmp_path / "o.csv").read_text().split(",")[1] == "14042"


def save(folder, name, content):
    file = folder / name
    if isinstance(content, str):
        file.write_text(content)
    else:
        np.save(file, content)
    return file


OWN = "x,y,dwell\n0.5,0.5,1\n"
REFUSED = {
    "two columns, no name": ("a.csv", "1,2\n", "may be of several formats"),
    "three columns, no header": ("a.csv", "1,2,8\n", "may be of several formats"),
    "odemis or abtem": ("a.npy", np.zeros((5, 2)), "odemis:a.npy"),
    "one value a row": ("a.npy", np.zeros((5, 1)), "shape"),
    "not a path": ("a.npy", np.zeros(5), "shape"),
    "not text": ("a.csv", np.zeros(5), "not text"),
    "unknown suffix": ("a.path", "1,2\n", "unknown format"),
    "no rows": ("a.csv", "x,y,dwell\n", "no positions"),
    "word": ("a.csv", OWN + "0.5,here,1\n", "line 3"),
    "short row": ("a.csv", OWN + "0.5,1\n", "line 3"),
    "nan": ("a.csv", OWN + "nan,0.5,1\n", "row 2"),
    "no dwell": ("a.csv", OWN + "0.5,0.5,0\n0.5,0.5,1\n", "row 2"),
    "negative dwell": ("a.npy", np.array([[0.5, 0.5, -1]]), "row 1"),
    "pixels": ("a.csv", "# unit=px\n" + OWN, "is in px"),
    "contradiction": ("a.csv", "# joined=yes\n" + OWN, "says joined=yes"),
    "fraction for de": ("a_scan_coordinates.csv", "1,2\n1.5,2\n", "line 2"),
    "de outside": ("a_scan_coordinates.csv", "1,2\n32,2\n", "number 2"),
    "de negative": ("a_scan_coordinates.csv", "-1,2\n", "outside"),
    "obi code": ("obi:a.csv", "1,2,8\n16384,2,8\n", "row 2"),
    "obi dwell": ("obi:a.csv", "1,2,0\n", "row 1"),
    "obi below the frame": ("obi:a.csv", "1,16383,8\n", "outside"),
    "obi columns": ("obi:a.csv", "1,2\n", "line 1"),
    "huge": ("obi:a.csv", f"1,2,{10**30}\n", "line 1"),
    "odemis outside": ("odemis:a.npy", np.array([[0.0, 0], [16.5, 0]]), "number 2"),
    "odemis nan": ("odemis:a.npy", np.array([[np.nan, 0]]), "position 1"),
    "odemis columns": ("odemis:a.npy", np.zeros((3, 3)), "shape"),
    "abtem without size": ("abtem:a.npy", np.zeros((3, 2)), "--pixel-size"),
    "not npy": ("odemis:a.npy", "text", "NPY"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_clear_is_refused_in_a_sentence(case, tmp_path, monkeypatch):
    name, content, words = REFUSED[case]
    monkeypatch.chdir(tmp_path)
    bare = name.split(":")[-1]
    if bare == "a.csv" and not isinstance(content, str):
        (tmp_path / bare).write_bytes(b"\xff\xfe\x80\x81")
    else:
        save(tmp_path, bare, content)
    with pytest.raises(InputError, match=words) as error:
        read_path(name, SHAPE)
    assert "\n" not in str(error.value)


def test_formats_that_need_a_frame_ask_for_it(tmp_path):
    file = save(tmp_path, "a_scan_coordinates.csv", "1,2\n")
    with pytest.raises(InputError, match="--shape"):
        read_path(file)
    for form in ("obi", "odemis", "abtem"):
        with pytest.raises(InputError, match="--shape"):
            read_path(file, form=form, pixel_size=1.0)
    with pytest.raises(InputError, match="not a file"):
        read_path(tmp_path / "b.csv", SHAPE, "de")
    with pytest.raises(InputError, match="no offset"):
        read_path(save(tmp_path, "c.csv", OWN), SHAPE, offset=(1, 1))
    with pytest.raises(InputError, match="no path format"):
        read_path(file, SHAPE, "dat")


@pytest.mark.parametrize("dwell", [1e-9, 8.2e-3, 1.0])
def test_dwells_beyond_16_bit_are_refused(tmp_path, dwell):
    path = FramePath(np.ones((2, 2)), SHAPE, np.array([1e-6, dwell]))
    with pytest.raises(InputError, match=f"{dwell:g} s is not 1 to 65535 steps of 125 ns"):
        write_path(tmp_path / "a.csv", path, "obi")


def test_a_mask_is_visited_in_raster_order_and_fits_its_frame_alone(tmp_path):
    mask = np.zeros(SHAPE, np.uint8)
    mask[[20, 3, 3], [1, 30, 4]] = 255
    write_image(tmp_path / "m.tif", mask)
    path = on_frame(read_path(tmp_path / "m.tif"), SHAPE)
    np.testing.assert_allclose(path.path, [[3, 4], [3, 30], [20, 1]])
    with pytest.raises(InputError, match="24x32 and the frame 32x24"):
        read_path(tmp_path / "m.tif", (32, 24))
    with pytest.raises(InputError, match="TIFF"):
        write_path(tmp_path / "m.png", path, "tif")


def test_a_scan_is_a_family_or_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save(tmp_path, "spiral", "x")
    assert not is_file("spiral")
    assert scan_design("spiral", SHAPE, pitch=5).family == "spiral"
    save(tmp_path, "a.csv", OWN)
    design = scan_design("a.csv", SHAPE)
    assert (design.family, design.joined) == ("custom", False)
    np.testing.assert_allclose(design.path(), [[11.5, 15.5]])
    with pytest.raises(InputError, match="leave out coverage"):
        scan_design("csv:a.csv", SHAPE, coverage=0.1)
    with pytest.raises(InputError, match=r"b\.csv does not exist"):
        scan_design("b.csv", SHAPE)
    with pytest.raises(InputError, match="did you mean spiral"):
        scan_design("spirall", SHAPE, coverage=0.1)


def test_a_custom_path_fits_any_frame():
    custom = CustomPath(np.array([[0.5, 0.25]]))
    np.testing.assert_allclose(on_frame(custom, (10, 20)).path, [[4.5, 4.5]])
    np.testing.assert_allclose(on_frame(custom, (100, 40)).path, [[49.5, 9.5]])


def coordinates(folder, n=40):
    rng = np.random.default_rng(5)
    pixels = rng.permutation(24 * 32)[:n]
    x, y = pixels % 32, pixels // 32
    rows = "\n".join(f"{i},{j}" for i, j in zip(x, y, strict=True))
    return save(folder, "m_scan_coordinates.csv", rows), y, x


def test_values_along_a_path_become_a_partial_scan(tmp_path):
    path, y, x = coordinates(tmp_path)
    values = np.arange(40.0) + 1
    scan = read_path_scan(save(tmp_path, "v.npy", values), path, SHAPE)
    np.testing.assert_array_equal(scan.values[y, x], values)
    assert scan.mask.sum() == 40
    np.testing.assert_array_equal(scan.samples, values)
    np.testing.assert_allclose(scan.positions, np.stack([y, x], axis=1))
    frames = np.ones((40, 4, 3), np.uint16) * np.arange(40, dtype=np.uint16)[:, None, None]
    scan = read_path_scan(save(tmp_path, "f.npy", frames), path, (30, 40), offset=(2, 5))
    np.testing.assert_array_equal(scan.values[y + 2, x + 5], 12 * np.arange(40))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.zeros(39), "39 values or frames and .* 40 positions"),
        (np.full(40, np.nan), "value 1 .* not finite"),
        (np.zeros((40, 3)), "shape"),
    ],
)
def test_values_that_do_not_fit_the_path_are_refused(tmp_path, values, words):
    path, _, _ = coordinates(tmp_path)
    with pytest.raises(InputError, match=words):
        read_path_scan(save(tmp_path, "v.npy", values), path, SHAPE)
    with pytest.raises(InputError, match="is a table"):
        read_path_scan(path, path, SHAPE)


def test_values_along_a_path_count_by_its_dwells(tmp_path):
    rows, columns = np.divmod(np.arange(30) * 7, 32)
    x, y = (columns + 0.5) / 32, (rows + 0.5) / 24
    table = np.column_stack([x, y, np.full(30, 1e-6)])
    table[1, :2], table[1, 2] = table[0, :2], 3e-6
    np.save(tmp_path / "p.npy", table)
    np.save(tmp_path / "v.npy", np.arange(30.0))
    scan = read_path_scan(tmp_path / "v.npy", tmp_path / "p.npy", SHAPE)
    assert scan.values[0, 0] == 3 / 4
    assert scan.dwell[0, 0] == 4
    assert scan.dwell[rows[2], columns[2]] == 1


def test_blanked_positions_of_a_path_are_left_out(tmp_path):
    positions = np.random.default_rng(0).uniform(-0.3, 1.3, (90, 2))
    table = np.column_stack([positions, np.full(90, 1e-6)])
    path, values = save(tmp_path, "p.npy", table), save(tmp_path, "v.npy", np.arange(90.0))
    scan = read_path_scan(values, path, SHAPE)
    kept = ((positions >= 0) & (positions < 1)).all(axis=1)
    np.testing.assert_array_equal(scan.samples, np.arange(90.0)[kept])
    assert scan.metadata["blanked"] == (~kept).sum()


def test_the_hardware_custom_scan(real_data):
    """348 frames of a Direct Electron FreeScan in random order, against the maker's own sum."""
    pytest.importorskip("rsciio")
    from stemgan.images import read_micrograph

    stem = str(real_data / "formats" / "ROI_Random_Scan")
    scan = read_path_scan(f"{stem}_movie.mrc", f"{stem}_scan_coordinates.csv", (29, 12))
    theirs = read_micrograph(f"{stem}_Sum.mrc").data
    assert scan.mask.all()
    # Their sum was taken before the 256 values of a frame were rounded to whole numbers.
    assert np.abs(scan.values - theirs).max() < 4 * math.sqrt(256 / 12)
    assert np.corrcoef(scan.values.ravel(), theirs.ravel())[0, 1] > 0.95
    assert abs(np.corrcoef(scan.values[::-1].ravel(), theirs.ravel())[0, 1]) < 0.2
    inset = read_path_scan(
        f"{stem}_movie.mrc", f"{stem}_scan_coordinates.csv", (32, 16), offset=(3, 3)
    )
    np.testing.assert_array_equal(inset.values[3:, 3:15], scan.values)
    assert inset.mask.sum() == 348
