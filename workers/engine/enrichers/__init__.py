"""Enrichers compute what follows from the facts without opinion."""
