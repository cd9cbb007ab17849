"""Step 'Method': how to classify, what it will cost, and the model file that is used."""
