"""HL7's own R4 definitions as data, and what is read from them."""
