"""`treeex up`: everything on one machine. `command.py` is the command, `machine.py` the story of its life.

`treeex demo` is built on the same pieces. Nothing here is needed on servers where each role is started by itself.
"""
