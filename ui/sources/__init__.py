"""Step 'Sources': which layer is what, and whether the sources fit together."""
