"""Whether what is stored is what the trail says was written: ``careloom audit verify --records``."""
