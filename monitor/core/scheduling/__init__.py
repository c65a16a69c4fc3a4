"""When a target is due, and when its platform may be asked. Pure."""
