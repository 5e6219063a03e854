"""Releases: a tier's clips frozen, with texts and rights, as files that a trainer reads; and the loader that reads them."""
