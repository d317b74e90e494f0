"""What the product must answer, written down naively from public texts and our own docs, without its code."""
