"""Stands in for the paged cache of the generation loop."""


class PagedAttentionCache:
    pass
