"""The clinical side: reads pseudonyms only, and writes what follows from them."""
