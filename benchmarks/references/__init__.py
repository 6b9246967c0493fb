"""Small honest programs that the product is measured against: the same work, without what the product adds."""
