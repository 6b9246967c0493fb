"""`treeex demo`: the main job end to end on a fresh machine, held against the simulator's ledger.

`story.py` tells it in order; `verdict.py` decides, from what the API shows and what the ledger says alone.
"""
