-- The clip sheet with the caption to train on beside each clip; NULL where there is none, and caption_reason says why.
-- Tiers are written over clip_sheet, which has no captions: a caption is written of a clip that a tier keeps, and another
-- caption must not make tiers be decided anew.
-- Views are made in the order of their names, clip_measurements and its table clip_sheet first.
SELECT
    s.*,
    k.captioner,
    k.version AS caption_version, -- Version of the captioner that wrote the caption.
    k.short_description,
    k.dense_description,
    k.background,
    k.style,
    k.shot_type,
    k.lighting,
    k.atmosphere,
    k.words AS caption_words, -- Words of the caption's dense description.
    k.camera_motion AS caption_camera_motion, -- The camera motion that stands in the caption, by HunyuanVideo's name; NULL where the measurement was not confident.
    k.source_tags,
    k.quality_tags,
    f.reason AS caption_reason -- Why the drawn captioner gave no caption (a reason of reasons.Reason); NULL where there is one, or none was asked for.
FROM clip_sheet AS s
LEFT JOIN current_captions AS k ON k.batch = s.batch AND k.clip_id = s.clip_id AND k.winner
LEFT JOIN current_captions AS f
    ON f.batch = s.batch AND f.clip_id = s.clip_id AND f.drawn AND f.reason IS NOT NULL AND k.clip_id IS NULL;
