"""Scan paths in files: our own formats, those of scan generators and simulators, and masks."""

from stemgan.pathfiles.detect import FORMATS, format_of
from stemgan.pathfiles.frame import FramePath, on_frame
from stemgan.pathfiles.own import own_shape
from stemgan.pathfiles.read import is_file, read_path, scan_design
from stemgan.pathfiles.write import WHOLE_PATHS, Written, write_path

__all__ = [
    "FORMATS",
    "WHOLE_PATHS",
    "FramePath",
    "Written",
    "format_of",
    "is_file",
    "on_frame",
    "own_shape",
    "read_path",
    "scan_design",
    "write_path",
]
