"""From a trained model to a map."""
