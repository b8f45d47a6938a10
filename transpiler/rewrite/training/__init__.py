"""Training steps: ``loss.backward()`` and what leads to it become a forward function under ``mindspore.value_and_grad``."""
