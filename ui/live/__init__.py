"""The first map while samples are still drawn, and the preview of a trained model."""
