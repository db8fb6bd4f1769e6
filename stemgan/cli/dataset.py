"""`stemgan dataset`: look into sharded datasets, verify them, merge them."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stemgan.amounts import amount
from stemgan.cli.common import emit, parser_for, progress
from stemgan.errors import InputError

if TYPE_CHECKING:
    from argparse import Namespace

    from stemgan.data.shards.verify import Damage

_EXAMPLES = """\
  stemgan dataset info dataset --preview dataset.png
  stemgan dataset info s3://bucket/dataset
  stemgan dataset verify dataset other-dataset
  stemgan dataset merge dataset other-dataset -o both
"""


def main(argv: list[str]) -> None:
    """Run the command."""
    parser = parser_for("dataset", _EXAMPLES)
    actions = {"info": _info, "verify": _verify, "merge": _merge}
    parser.add_argument(
        "action",
        choices=tuple(actions),
        help="say what is in datasets, check every byte, or make one of several",
    )
    parser.add_argument("dataset", nargs="+", help="folder or URL (fsspec's) of a dataset")
    parser.add_argument(
        "--preview", type=Path, metavar="PNG", help="(info) draw a sheet of thumbnails"
    )
    parser.add_argument("-o", "--output", help="(merge) folder or URL of the merged dataset")
    parser.add_argument(
        "--compression", choices=("zstd", "lz4"), help="(merge) zstd: smaller; lz4: faster"
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="(info) replace the preview if it exists"
    )
    arguments = parser.parse_args(argv)
    of = {"preview": "info", "overwrite": "info", "output": "merge", "compression": "merge"}
    for name, action in of.items():
        if getattr(arguments, name) and arguments.action != action:
            raise InputError(f"--{name} goes with stemgan dataset {action}: leave it out")
    actions[arguments.action](arguments)


def _info(arguments: "Namespace") -> None:
    from stemgan.data.overview import contact_sheet, overview
    from stemgan.data.shards import ShardedImages
    from stemgan.files import check_output
    from stemgan.images import write_picture

    preview = arguments.preview
    if preview:
        check_output(preview, overwrite=arguments.overwrite)
        if len(arguments.dataset) > 1:
            raise InputError("--preview draws one dataset: name one")
    opened = [ShardedImages(path) for path in arguments.dataset]
    described = [overview(images) for images in opened]
    if preview:
        write_picture(preview, contact_sheet(opened[0]), overwrite=arguments.overwrite)
    text = "\n".join(_text(facts) for facts in described)
    emit({"datasets": described}, text, as_json=arguments.json)


def _text(facts: dict[str, Any]) -> str:
    lines = [_headline(facts)]
    shares = ", ".join(f"{name} {count}" for name, count in facts["largest_groups"].items())
    groups = sum(facts["groups"].values())
    lines.append(f"  groups          {groups}; largest: {shares}")
    lines.append(f"  sources         {facts['sources']}")
    for name in ("categories", "detectors", "units"):
        if facts[name]:
            counts = ", ".join(f"{key} {count}" for key, count in facts[name].items())
            lines.append(f"  {name:<15} {counts}")
    for name, figure in facts["figures"].items():
        lines.append(
            f"  {name:<15} {figure['least']:.4g} to {figure['greatest']:.4g}, "
            f"median {figure['median']:.4g}"
            + (f" (of {figure['known']})" if figure["known"] < facts["images"] else "")
        )
    return "\n".join(lines)


def _headline(facts: dict[str, Any]) -> str:
    parts = ", ".join(
        f"{name} {count} of {amount(facts['groups'][name], 'group')}"
        for name, count in facts["splits"].items()
    )
    size = facts["size"]
    return (
        f"{facts['path']}: {amount(facts['images'], 'image')} of {size}x{size} px in "
        f"{amount(facts['shards'], 'shard')} ({parts})"
    )


def _verify(arguments: "Namespace") -> None:
    """Verify every dataset before complaining about any."""
    from stemgan.data.shards.verify import verify

    checked: list[dict[str, Any]] = []
    for path in arguments.dataset:
        try:
            damages = verify(
                path,
                threads=min(4, os.cpu_count() or 1),
                watch=lambda shards, count: progress(shards, "verify", count),
            )
            checked.append({"path": path, "damage": [_facts(damage) for damage in damages]})
        except InputError as error:
            checked.append({"path": path, "damage": [{"reason": str(error)}]})
    lines = [
        f"{facts['path']}: {_complaint(facts['damage']) or 'every byte is as it was written'}"
        for facts in checked
    ]
    emit({"datasets": checked}, "\n".join(lines), as_json=arguments.json)
    damaged = [facts for facts in checked if facts["damage"]]
    if damaged:
        first = damaged[0]
        complaint = _complaint(first["damage"])
        unreadable = "file" not in first["damage"][0]  # its sentence says what it is about
        raise InputError(
            complaint if unreadable else f"{first['path']} is damaged: {complaint}"
        )


def _facts(damage: "Damage") -> dict[str, Any]:
    return {**damage._asdict(), "text": str(damage)}


def _complaint(damages: list[dict[str, Any]]) -> str:
    shown = "; ".join(damage.get("text", damage["reason"]) for damage in damages[:3])
    return shown + (f"; and {len(damages) - 3} more" if len(damages) > 3 else "")


def _merge(arguments: "Namespace") -> None:
    from stemgan.data.overview import overview
    from stemgan.data.shards import ShardedImages
    from stemgan.data.shards.merge import merge

    if arguments.output is None:
        raise InputError("where is the merged dataset to be? say -o FOLDER")
    made = merge(
        arguments.dataset,
        arguments.output,
        compression=arguments.compression or "zstd",
        watch=lambda numbers: progress(numbers, "merge"),
    )
    facts = overview(ShardedImages(arguments.output))
    text = _headline(facts) if made else "finished before: nothing to do"
    emit({**facts, "done_before": not made}, text, as_json=arguments.json)
