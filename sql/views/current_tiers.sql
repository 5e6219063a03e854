-- The tiers that there are, each with the version of its file that is used. In a lake in which nobody has noted yet which
-- files there are (tier_files), every tier and version of which it has rules.
SELECT
    c.tier, -- Tier that has a file now.
    c.version -- Version of the tier's file that is used.
FROM (
    SELECT tier, version FROM tier_files WHERE kind = 'tier' AND state = 'used'
    UNION ALL
    SELECT DISTINCT tier, version FROM tier_rules_history WHERE NOT EXISTS (FROM tier_files)
) AS c;
