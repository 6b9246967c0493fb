"""The product as real processes, a nemesis that kills them, people and a customer, and a judge with the ledger."""
