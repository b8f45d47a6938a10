"""The package file of this copy: the one name that its modules import from the package itself."""

from .models.auto import AutoBackbone, AutoModel
