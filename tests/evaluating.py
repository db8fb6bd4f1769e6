"""What the tests of `stemgan evaluate` share."""

import csv


def table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def command(images, out, *more):
    arguments = [
        "--scan",
        "spiral,dots",
        "--coverage",
        "1/8,1/16",
        "--methods",
        "nearest,linear",
    ]
    return ["evaluate", str(images), *arguments, "-o", str(out), *more]
