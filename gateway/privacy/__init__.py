"""The split: what is known about a patient apart from who the patient is."""
