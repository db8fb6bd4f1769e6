"""Groups are shared out by a hash: never on two sides, the same as an archive grows."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stemgan.data.shards import SPLITS, ShardedImages
from stemgan.errors import InputError
from stemgan_data_prep.splits import assign, by_hash, parse_shares, position, stratify
from tests.preparing import prepare, scene, write

names = st.lists(st.text(max_size=5), min_size=1, max_size=30)


@given(names, st.integers(0, 100), st.sampled_from([(0.8, 0.1, 0.1), (0.5, 0.5, 0), (1, 0, 0)]))
def test_every_wanted_split_has_a_group_where_there_are_enough(groups, seed, shares):
    splits = assign(groups, shares, seed)
    assert set(splits) == set(groups)
    wanted = [name for name, share in zip(SPLITS, shares, strict=True) if share]
    assert set(splits.values()) <= set(wanted)
    assert set(wanted[: len(splits)]) <= set(splits.values())


@given(names, names, st.integers(0, 100))
def test_groups_keep_their_side_as_an_archive_grows(groups, more, seed):
    alone = {group: position(group, seed) for group in groups}
    assert all(
        position(group, seed) == alone[group] for group in groups + more if group in alone
    )
    many = [f"filler-{index}" for index in range(200)]
    before, after = (
        assign(groups + many, (0.6, 0.2, 0.2), seed),
        assign(groups + many + more, (0.6, 0.2, 0.2), seed),
    )
    assert all(after[group] == split for group, split in before.items())


def test_shares_of_many_groups_are_as_asked():
    splits = list(assign((f"{i}" for i in range(4000)), (0.7, 0.2, 0.1)).values())
    assert abs(splits.count("train") / 4000 - 0.7) < 0.03
    assert abs(splits.count("val") / 4000 - 0.2) < 0.03


@pytest.mark.parametrize("text", ["0.8", "0.8,0.1,0.2", "a,b,c", "0,0.5,0.5", "1.2,-0.1,-0.1"])
def test_bad_shares_are_refused(text):
    with pytest.raises(InputError, match="--split"):
        parse_shares(text)


@given(names, st.integers(0, 50))
def test_each_category_is_shared_out_as_closely_as_whole_groups_allow(groups, seed):
    categories = {group: "xyz"[len(group) % 3] for group in groups}
    shares = (0.6, 0.2, 0.2)
    splits = stratify(categories, shares, seed)
    assert set(splits) == set(categories)
    for category in set(categories.values()):
        dealt = Counter(s for g, s in splits.items() if categories[g] == category)
        for name, share in zip(SPLITS, shares, strict=True):
            assert abs(dealt[name] - share * dealt.total()) <= 1


def test_an_unknown_group_falls_where_its_hash_says():
    shares = (0.5, 0.3, 0.2)
    many = assign((f"{i}" for i in range(500)), shares, 3)
    assert all(by_hash(group, shares, 3) == split for group, split in many.items())


def test_a_split_that_is_wanted_is_not_given_to_what_cannot_be_used(tmp_path):
    for index in range(12):
        shape = (64, 64) if index % 4 == 0 else (40, 40)
        write(tmp_path / "in" / f"{index}.tif", scene(shape, index))
    assert prepare(tmp_path / "in", "-o", tmp_path / "set") == 0
    assert sorted(ShardedImages(tmp_path / "set").columns["split"]) == ["test", "train", "val"]


def test_a_split_that_is_wanted_is_not_given_to_a_copy(tmp_path):
    for index in range(12):
        write(tmp_path / "in" / f"{index}.tif", scene((64, 64), index % 3))
    assert prepare(tmp_path / "in", "-o", tmp_path / "set") == 0
    assert sorted(ShardedImages(tmp_path / "set").columns["split"]) == ["test", "train", "val"]
