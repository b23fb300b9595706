"""Programs that check a code base. They read its files and never import them."""
