-- A clip's verdict in each tier that has a file now, by the file as it is now. What older files said stays in
-- tier_verdicts_history until it is swept.
SELECT v.*
FROM tier_verdicts_history AS v
SEMI JOIN current_tiers AS c ON c.tier = v.tier AND c.version = v.version;
