"""Speeds as ratios to a yardstick of the same run: `python -m bench`, `make bench`.

What is measured is named in `sections`, what it is held against in `yardsticks`. Numbers depend on
the machine; the ratios are what the design's targets speak of.
"""
