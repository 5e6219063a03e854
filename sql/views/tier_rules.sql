-- A rule of each tier that has a file now, by the file as it is now; tier_rules_history has those of older files too.
SELECT r.*
FROM tier_rules_history AS r
SEMI JOIN current_tiers AS c ON c.tier = r.tier AND c.version = r.version;
