"""The composition root: settings become a tree of actors. Only this package knows everyone."""
