"""Which deckies there are, and where they listen."""
