"""Offline preparation of datasets: micrographs to shards, split by group."""
