"""Step 'Result': the map, its accuracy and areas, and the next round."""
