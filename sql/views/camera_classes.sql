-- The camera classes that two papers publish, each with ours that holds it (motion_scores.camera_motion).
-- A picture's geometry alone does not tell a camera that turns (pan, tilt) from one that travels (truck, pedestal), nor a
-- zoom from a push: those share our coarser class. NULL is a class that needs depth or a subject, and is never given.
-- HunyuanVideo (arXiv 2412.03603) names both pan and tilt in all four directions; its pan is taken for the travelling one.
SELECT
    recipe, -- Paper that publishes the class: movie_gen or hunyuan_video.
    label, -- The class's name in the paper.
    camera_motion -- Our class that holds it (motion_scores.camera_motion); NULL where no measurement of ours tells it.
FROM (
    VALUES
    ('movie_gen', 'zoom in', 'zoom_in'),
    ('movie_gen', 'zoom out', 'zoom_out'),
    ('movie_gen', 'push in', 'zoom_in'),
    ('movie_gen', 'pull out', 'zoom_out'),
    ('movie_gen', 'pan right', 'pan_right'),
    ('movie_gen', 'pan left', 'pan_left'),
    ('movie_gen', 'truck right', 'pan_right'),
    ('movie_gen', 'truck left', 'pan_left'),
    ('movie_gen', 'tilt up', 'tilt_up'),
    ('movie_gen', 'tilt down', 'tilt_down'),
    ('movie_gen', 'pedestal up', 'tilt_up'),
    ('movie_gen', 'pedestal down', 'tilt_down'),
    ('movie_gen', 'arc shot', NULL),
    ('movie_gen', 'tracking shot', NULL),
    ('movie_gen', 'static shot', 'static'),
    ('movie_gen', 'handheld shot', 'handheld'),
    ('hunyuan_video', 'zoom in', 'zoom_in'),
    ('hunyuan_video', 'zoom out', 'zoom_out'),
    ('hunyuan_video', 'pan up', 'tilt_up'),
    ('hunyuan_video', 'pan down', 'tilt_down'),
    ('hunyuan_video', 'pan left', 'pan_left'),
    ('hunyuan_video', 'pan right', 'pan_right'),
    ('hunyuan_video', 'tilt up', 'tilt_up'),
    ('hunyuan_video', 'tilt down', 'tilt_down'),
    ('hunyuan_video', 'tilt left', 'pan_left'),
    ('hunyuan_video', 'tilt right', 'pan_right'),
    ('hunyuan_video', 'around left', NULL),
    ('hunyuan_video', 'around right', NULL),
    ('hunyuan_video', 'static shot', 'static'),
    ('hunyuan_video', 'handheld shot', 'handheld')
) AS published (recipe, label, camera_motion);
