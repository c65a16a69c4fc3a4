"""What a check costs: the real service against a local HTTPS server. `make bench`."""
