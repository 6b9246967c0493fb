"""Meta's limits as counters: throughput, pair rate, people a portfolio reaches, management calls. No HTTP, no words."""
