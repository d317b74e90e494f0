"""The identity side of custody: what only the gateway may open. Workers must not import it."""
