"""Takedown: removing footage on request, with everything that was made from it, and proving it by reading what is left."""
