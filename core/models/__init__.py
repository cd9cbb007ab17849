"""The methods and their files: networks, forest, configuration and the model file."""
