"""The page on which people look at clips and judge them: a web application over the lake, read-only but for verdicts.

What a browser sends is checked by :mod:`video_assets.review.guard` and by models of :mod:`video_assets.review.asked`; a verdict is
durable in :mod:`video_assets.review.journal` before it is answered, and :mod:`video_assets.review.fold` commits it to the lake.
"""
