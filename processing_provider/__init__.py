"""The Processing provider and the client of the engine."""
