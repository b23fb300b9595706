"""Phasework: write services with tested modules, and keep them current."""
