"""Every page in a real Chromium."""
