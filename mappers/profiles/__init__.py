"""What profiles ask of resources beyond R4: StructureDefinitions, compiled once to small rules. Pure."""
