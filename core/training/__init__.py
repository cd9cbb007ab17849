"""From samples to a trained model."""
