"""Clinical scores: small pure modules with formula, valid ranges, units and source; ``table`` lists them."""
