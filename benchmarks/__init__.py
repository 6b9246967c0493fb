"""Benchmarks: how fast the product is beside a small honest reference, measured in the same run. Not part of the wheel.

`./treeex bench NAME` runs one. Figures are ratios, since machines differ and are shared; seconds are only information.
"""
