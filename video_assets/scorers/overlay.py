"""What lies on a clip's picture, how it is divided and how much of it looks drawn; by rules, without weights."""

from __future__ import annotations

from video_assets.scorer import FLOAT, TEXT, WHOLE, Column, Derived, Given, Keyframes, Measure, Scorer


def _open(_given: Given) -> Measure:
    from video_assets.measure.overlay_scores import OverlayModel

    return OverlayModel().measure


OVERLAY_SCORES = Scorer(
    name="overlay_scores",
    says="What lies on a clip's picture, from comparing its keyframes: logos, watermarks and captions that stay while the picture behind them changes; and whether it is one picture or several.",
    code="5",
    reads=Keyframes("frames_per_clip"),
    open=_open,
    section="overlays",
    columns=(
        Column("overlay_frames", WHOLE, "Keyframes that were compared."),
        Column(
            "fixed_share",
            FLOAT,
            "Share of the picture's edges that stay and belong to no overlay, 0-1: much under a fixed camera. NULL with fewer than four keyframes.",
        ),
        Column(
            "overlays",
            WHOLE,
            "Rectangles of what lies on the picture; NULL when fixed_share is NULL or over 0.05, where it cannot be told from what is in the picture.",
        ),
        Column(
            "overlay_share", FLOAT, "Share of the clip's picture that these rectangles cover, 0-1; NULL as overlays."
        ),
        Column(
            "corner_overlays",
            WHOLE,
            "How many of them lie wholly in a corner: within a quarter of both sides; NULL as overlays.",
        ),
        Column("overlay_x", WHOLE, "Left edge of the largest of them, display pixels; NULL when there is none."),
        Column("overlay_y", WHOLE, "Top edge of the largest, display pixels; NULL as overlay_x."),
        Column("overlay_width", WHOLE, "Width of the largest, in pixels; NULL as overlay_x."),
        Column("overlay_height", WHOLE, "Height of the largest, in pixels; NULL as overlay_x."),
        Column(
            "unmarked_x", WHOLE, "Left edge of the largest crop without any of them, display pixels; NULL as overlays."
        ),
        Column("unmarked_y", WHOLE, "Top edge of this crop, display pixels; NULL as overlays."),
        Column("unmarked_width", WHOLE, "Width of this crop, in pixels; NULL as overlays."),
        Column("unmarked_height", WHOLE, "Height of this crop, in pixels; NULL as overlays."),
        Column("unmarked_share", FLOAT, "Share of the clip's picture that this crop keeps, 0-1; NULL as overlays."),
        Column(
            "layout",
            TEXT,
            "How the picture is divided: single, side_by_side, stacked, grid, picture_in_picture, blurred_sides (a picture between blurred copies of itself), or torn (for a part of the time a line runs through it, below which it stands or is smeared, as after a loss of data).",
        ),
        Column(
            "panels",
            WHOLE,
            "Different pictures that it shows at once; 1 where layout is single, blurred_sides or torn.",
        ),
        Column(
            "flat_share",
            FLOAT,
            "Share of the picture that is ground without noise: luma within two levels in 5x5 pixels, and not black. Median over up to four of them, 0-1.",
        ),
        Column(
            "clean_edges",
            FLOAT,
            "Share of the picture's edges that stand beside such ground, likewise, 0-1. Screens, slides and charts have much of both; the product of the two was under 0.09 in 75 recordings and photographs.",
        ),
        Column(
            "few_levels",
            FLOAT,
            "Share of the picture that has one of its four most frequent levels of luma, each with its two neighbours, and is not black; likewise, 0-1.",
        ),
        Column(
            "ruled_edges",
            FLOAT,
            "Share of the picture's edges on upright or lying lines of at least 21 pixels at a short side of 360 that are one step wide, near ground without noise; likewise, 0-1. Windows, tables and menus have them, whatever picture is inside.",
        ),
        Column(
            "drawn",
            FLOAT,
            "How much the picture looks drawn (a screen, a slide, a chart), 0-1: the largest of flat_share times clean_edges, of four times ruled_edges times few_levels, and of a quarter of what few levels with edges near them make. 113 recordings and photographs were under 0.1; a photograph of sweets that was cut out had 0.09.",
        ),
    ),
    histograms={"overlay_share": "of the picture", "fixed_share": "of the edges", "panels": "panels"},
    sheet_by="overlay_share",
    good={"overlay_share": "low", "unmarked_share": "high"},
    failed="clips have no overlay scores",
    noun=("overlay", "overlays and layout"),
    kinds=frozenset({"opencv", "parquet"}),
    alias="o",
    in_sheet=(
        "overlays", "overlay_share", "overlay_x", "overlay_y", "overlay_width", "overlay_height", "corner_overlays",
        "unmarked_x", "unmarked_y", "unmarked_width", "unmarked_height", "unmarked_share", "fixed_share", "layout", "panels",
        "flat_share", "clean_edges", "few_levels", "ruled_edges", "drawn",
        # Static text and overlays are often the same thing: the larger of the two shares, not their sum.
        Derived(
            "overlaid_share",
            "CASE WHEN {}.overlay_share IS NOT NULL OR t.static_text_share IS NOT NULL "
            "THEN greatest(coalesce({}.overlay_share, 0), coalesce(t.static_text_share, 0)) END",
            "Share of the picture under static text or overlays, whichever covers more, 0-1; NULL when neither was looked for.",
        ),
    ),
    usual=(3.0, 80.0),
)  # fmt: skip
