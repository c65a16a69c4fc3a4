"""How pages are served: their own process, its front door, and the answers that are kept."""
