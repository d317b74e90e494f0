"""Pure functions between FHIR and the clinical vocabulary: values in, values out, no clock, no network."""
