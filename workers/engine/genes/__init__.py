"""Pharmacogenetics: from alleles to the phenotype and the lookup key of CPIC's tables."""
