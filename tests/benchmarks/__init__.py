"""The figures of the site on a large volume, measured against a Django page that does next to nothing.

`python3 -m tests.benchmarks` makes two databases (ten thousand and a million contacts), serves both and the floor with
the same server, measures them interleaved, and writes docs/benchmarks.md.
"""
