"""The page of a whole experiment: many models against their bases."""
