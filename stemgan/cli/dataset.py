"""`stemgan dataset`: look into a sharded dataset and verify it."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stemgan.cli.common import emit, parser_for, progress

if TYPE_CHECKING:
    from stemgan.data.shards import ShardedImages

_EXAMPLES = """\
  stemgan dataset info dataset
  stemgan dataset verify dataset other-dataset
"""


def main(argv: list[str]) -> None:
    """Run the command."""
    parser = parser_for("dataset", _EXAMPLES)
    parser.add_argument(
        "action", choices=("info", "verify"), help="info, or verify every image"
    )
    parser.add_argument("dataset", nargs="+", type=Path, help="folder of a dataset")
    arguments = parser.parse_args(argv)

    from stemgan.data.shards import ShardedImages

    opened = [ShardedImages(path) for path in arguments.dataset]
    if arguments.action == "verify":
        for images in opened:
            _verify(images)
    described = [_described(images) for images in opened]
    lines = [_line(facts) for facts in described]
    if arguments.action == "verify":
        lines = [f"{line}; every image is whole" for line in lines]
    emit({"datasets": described}, "\n".join(lines), as_json=arguments.json)


def _described(images: "ShardedImages") -> dict[str, Any]:
    splits, groups = images.columns["split"], images.columns["group"]
    return {
        "path": str(images.path),
        "images": len(images),
        "size": images.size,
        "splits": dict(Counter(splits)),
        "groups": dict(Counter(split for split, _ in set(zip(splits, groups, strict=True)))),
        "made_from": images.request,
    }


def _line(facts: dict[str, Any]) -> str:
    parts = ", ".join(
        f"{name} {count} of {facts['groups'][name]} groups"
        for name, count in facts["splits"].items()
    )
    size = facts["size"]
    return f"{facts['path']}: {facts['images']} images of {size}x{size} px ({parts})"


def _verify(images: "ShardedImages") -> None:
    """Read every image, so that its checksum is compared, and check that no group straddles."""
    from stemgan.errors import InputError

    for index in progress(range(len(images)), f"verify {images.path.name}"):
        images[index]
    if len(set(images.columns["key"])) != len(images):
        raise InputError(f"{images.path} has two images with one key: make the dataset again")
    side: dict[str, str] = {}
    for group, split in zip(images.columns["group"], images.columns["split"], strict=True):
        if side.setdefault(group, split) != split:
            raise InputError(f"{images.path} has group {group} in {split} and {side[group]}")
