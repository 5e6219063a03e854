"""video_assets: curation of video-generation training sets as a Dagster asset graph."""

__version__ = "0.1.0"
