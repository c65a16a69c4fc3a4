"""How pages are served: their own process, its bounds on connections, the cache of answers."""
