"""Stands in for Whisper's generation."""


class WhisperGenerationMixin:
    pass
