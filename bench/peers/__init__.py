"""Peers: the worker's job as a user of another stream processor would write it, on the same topics.

`python/` and `java/` hold the programs, one small file each. They run in environments of their own, which
`environments` installs from pinned versions; `contenders` says which there are.
"""
