"""From watched folders to ingest batches: what is there, what is complete, what goes together."""
