"""What tables say of images: a ``manifest.csv`` beside or above them, and others given by name.

The one reader of both, for preparing, for evaluating and for the catalogue.
"""

from stemgan.manifest.reading import (
    NAME,
    Manifest,
    Row,
    as_text,
    manifests_above,
    names_images,
    read_manifest,
    role,
)
from stemgan.manifest.tables import Tables, read_tables

__all__ = [
    "NAME",
    "Manifest",
    "Row",
    "Tables",
    "as_text",
    "manifests_above",
    "names_images",
    "read_manifest",
    "read_tables",
    "role",
]
