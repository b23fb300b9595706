"""Checks for any code base. They read its files and never import them."""
