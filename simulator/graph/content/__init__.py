"""What a message may hold: one module for each family of types, all limits named, all refusals in Meta's words."""
