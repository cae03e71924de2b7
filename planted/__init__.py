"""Bugs planted on purpose, to see whether the tests find them.

`python -m planted.canaries` plants real bugs of other systems, one at a time; `python -m planted.removals` takes every
row, guard and line out of the shipped tables. What no test of behaviour catches is told, and is a failure.
"""
