"""What is dangerous between medicines, as tables that were read and checked."""
