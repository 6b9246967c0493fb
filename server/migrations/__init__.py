"""The schema and its changes, shipped in the wheel and applied by `treeex migrate`.

All pending migrations run in one transaction under an advisory lock, so that any number of starters may call at once
and a killed one leaves nothing half done.
"""
