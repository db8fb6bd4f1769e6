"""Training data: the shard format, crops under random partial scans, the data module."""

from stemgan.data.batch import Batch

__all__ = ["Batch"]
