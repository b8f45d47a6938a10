"""Stands in for the hub's client: a model that is built from its configuration downloads nothing."""
