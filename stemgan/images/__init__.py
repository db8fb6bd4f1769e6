"""Image files in and out: micrographs, masks, partial scans, pictures; pixel size kept."""

from stemgan.images.files import (
    READABLE,
    WRITABLE,
    check_image_output,
    read_micrograph,
    read_series,
    read_stack,
    write_image,
)
from stemgan.images.measured import pack_mask, unpack_mask
from stemgan.images.micrograph import Micrograph
from stemgan.images.partial import read_mask, read_partial_scan, read_partial_scans
from stemgan.images.pictures import picture, write_picture
from stemgan.images.series import Series

__all__ = [
    "READABLE",
    "WRITABLE",
    "Micrograph",
    "Series",
    "check_image_output",
    "pack_mask",
    "picture",
    "read_mask",
    "read_micrograph",
    "read_partial_scan",
    "read_partial_scans",
    "read_series",
    "read_stack",
    "unpack_mask",
    "write_image",
    "write_picture",
]
