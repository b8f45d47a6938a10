"""Stands in for the hub's validated dataclasses: configurations of this copy are not validated."""

import functools


def strict(cls=None, *, accept_kwargs=False):
    return cls if cls is not None else lambda decorated: decorated


def as_validated_field(validator):
    @functools.wraps(validator)
    def field(*args, **kwargs):
        return kwargs.get("default")

    return field
