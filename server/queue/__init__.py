"""Valkey: `queue:webhooks` carries ids of inbox rows, `queue:outbound` numbers and budgets. Disposable by design."""
