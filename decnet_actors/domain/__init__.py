"""Facts, entities, ids and value objects: frozen and pure."""
