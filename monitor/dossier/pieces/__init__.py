"""What each piece of a dossier says."""
