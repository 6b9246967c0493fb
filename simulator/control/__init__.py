"""The control API under `/_sim`: configure the simulated world, move its phones, read its ledger."""
