"""What is wrong with captions, as far as it shows without looking at the clip."""
