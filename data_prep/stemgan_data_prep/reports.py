"""What a preparation says of every file: what was left out and why, what was used and how."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from stemgan.data.shards import SPLITS
from stemgan_data_prep.micrographs import Rejection


@dataclass
class Summary:
    """What a preparation did.

    Attributes
    ----------
    images : images that tiles were cut from.
    tiles : tiles kept.
    rejected : files, images and tiles left out.
    splits : for each split the number of its tiles, and of its groups.
    repaired, barred : images with values repaired, and with bars or margins cut off.
    collections : files taken for published collections of single images.
    unnamed : images that no manifest names, though one lies beside or above them.
    done_before : whether the dataset was there already and nothing was done.
    """

    images: int = 0
    tiles: int = 0
    rejected: list[Rejection] = field(default_factory=list)
    splits: dict[str, dict[str, int]] = field(default_factory=dict)
    repaired: int = 0
    barred: int = 0
    collections: list[str] = field(default_factory=list)
    unnamed: int = 0
    done_before: bool = False

    def figures(self) -> dict[str, Any]:
        """Give the figures as JSON values."""
        return {
            "images": self.images,
            "tiles": self.tiles,
            "rejected": len(self.rejected),
            "reasons": dict(sorted(Counter(one.kind for one in self.rejected).items())),
            "splits": self.splits,
            "repaired": self.repaired,
            "cut_off": self.barred,
        }


def summarise(
    rejected: Iterable[Rejection], lines: Iterable[dict[str, Any]]
) -> tuple[Summary, str]:
    """Sum up what was noted of each job.

    Parameters
    ----------
    rejected : files that no job was made for.
    lines : what was noted of each job, see `Journal.lines`.

    Returns
    -------
    The summary, and a line of JSON for each image that was used.
    """
    summary = Summary(rejected=list(rejected))
    text = io.StringIO()
    tiles: Counter[str] = Counter()
    split_of: dict[str, str] = {}
    for line in lines:
        summary.tiles += len(line["keys"])
        summary.rejected += [Rejection(*row) for row in line["rejected"]]
        for group, (split, count) in line["groups"].items():
            tiles[split] += count
            split_of[group] = split
        if line["collection"]:
            summary.collections.append(line["collection"])
        for record in line["records"]:
            summary.images += 1
            summary.repaired += "repaired" in record
            summary.barred += "cut_off" in record
            text.write(json.dumps(record) + "\n")
    groups = Counter(split_of.values())
    summary.splits = {s: {"tiles": tiles[s], "groups": groups[s]} for s in SPLITS}
    return summary, text.getvalue()


def rejected_csv(rejected: Iterable[Rejection]) -> str:
    """Write what was left out as CSV: file (or image, or tile), kind, reason."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("file", "kind", "reason"))
    writer.writerows((one.key, one.kind, one.reason) for one in rejected)
    return text.getvalue()
