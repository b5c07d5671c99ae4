"""The dashboard and its REST interface."""
