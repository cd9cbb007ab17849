"""Map tools that draw training areas, and the spectra of what lies under them."""
