"""A Ray cluster as the place where a batch's videos are opened and its models look: ray is imported inside functions only."""
