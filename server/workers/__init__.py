"""The roles that work in the background. Each file's top function shows its half of the flow."""
