"""Numba kernels: scan paths, their masks, distances and error profiles.

Imports numpy and numba alone. Positions are (y, x) in px with pixel centres at integers, so a
frame of (H, W) px covers [-0.5, H - 0.5) x [-0.5, W - 0.5). Masks are True where measured.
"""
