"""CDS Hooks: cards for the clinician who looks at a patient or writes an order, by the workers' engine."""
