"""The outside services that this service talks to."""
