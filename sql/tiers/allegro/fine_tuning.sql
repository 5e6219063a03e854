-- title: Allegro, fine-tuning set
-- description: An example: the last row of Allegro's printed table, as far as the clip sheet measures it. Clips of 6 to 16 s
--   of at least 1280x720 without text and watermarks. The paper keeps 0.4 % of 500 million for it.
--
-- Source: Allegro (arXiv 2410.15458), its table of data curation, as reported by one secondary source.
--
-- Printed, but not in this file, because the clip sheet has no such measurement:
--   CLIP similarity of clip and caption >= 0.20;
--   LPIPS between frames >= 0.05 and UniMatch flow of 1 to 100, for which the share of still steps stands in;
--   DOVER >= 0.07, for which technical_quality stands in;
--   aesthetic score >= 5.3. Only the profile 'full' has one; the rule is aesthetic_laion >= 5.3 AS aesthetic.
SELECT
    clip_id,

    -- One flat picture (ours): neither two eyes' in one frame nor a picture of all directions, where the file says so.
    coalesce(stereo_mode, 'mono') = 'mono' AND coalesce(projection, 'rectilinear') = 'rectilinear' AS flat_and_mono,

    -- At least 1280x720 (as reported), of the clip after its bars are cropped (ours).
    crop_width >= 1280 AND crop_height >= 720 AS resolution,

    -- 6 to 16 s (as reported).
    duration_s BETWEEN 6 AND 16 AS clip_duration,

    -- >= 23 frames/s (as reported).
    source_fps >= 23 AS frame_rate,

    -- Brightness of 20 to 180 (as reported).
    luma_mean BETWEEN 20 AND 180 AS well_exposed,

    -- Area of text and watermarks <= 0.05 % (as reported): first the text that can be read.
    text_share <= 0.0005 AS no_text,

    -- Then what stays while the picture changes; under a fixed camera static text alone (ours).
    overlaid_share <= 0.0005 AS no_watermark,

    -- Ours: one picture, no collage, split screen or picture in a picture; their inner edges look sharp and moving to the rules
    -- below. HunyuanVideo 1.5 (arXiv 2511.18870; as reported) drops stitched pictures, grids and collages too.
    layout = 'single' AS one_picture,

    -- Ours: recorded, not a screen, a page or a chart, which every measure of quality favours. Noiseless ground with edges on
    -- it, or few levels and ruled lines: 113 recordings and photographs were under 0.1.
    drawn < 0.1 AS recorded,

    -- In place of LPIPS and UniMatch. Ours: at most half of the frame steps is still.
    still_share <= 0.50 AS moves,

    -- In place of DOVER. Ours, and low: noise, blocks and blur together.
    technical_quality >= 0.05 AS sound_picture
FROM clip_sheet;
