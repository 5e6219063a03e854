"""The documents of a release: written from what the lake knows, and from one small file for what it cannot know.

What neither says stands in them as missing; nothing is invented.
"""
