-- A clip that is drawn into the training mix, by the draw's file as it is now; draws_history has what older files drew too.
SELECT d.*
FROM draws_history AS d
WHERE
    NOT EXISTS (FROM tier_files)
    OR EXISTS (
        FROM tier_files AS f
        WHERE f.kind = 'draw' AND f.state = 'used' AND f.tier = d.tier AND f.version = d.version
    );
