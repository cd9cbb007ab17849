"""The methods and their files: networks, forest, support vector machine, configuration and the model file."""
