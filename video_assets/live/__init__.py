"""What a person sees of a run while it works: what it is at, how much is left, and how long that will take."""
