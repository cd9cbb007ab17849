"""Step 'Classes and samples': the class table, which is the style of the training areas."""
