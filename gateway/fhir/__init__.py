"""The REST edge: one file per FHIR interaction."""
