"""The one exception that a person is shown as it stands."""


class VigieError(Exception):
    """Nothing can be done until somebody acts. The message, in French, says what to do."""
