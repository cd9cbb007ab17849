"""What the user has chosen in the open project, as values, and what is made of them."""
