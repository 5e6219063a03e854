"""Clips to look at: which ones a person means, what there is to see of them, and the page that shows it."""
