-- A clip's verdict in a tier, as its rules' outcomes (tier_outcomes) give it: all TRUE: kept; any FALSE: dropped; otherwise
-- a measurement is missing or failed: undecided. decided_by is the first rule that is false, else the first that is
-- undecided; passed is every rule's outcome in order, and not_passed how many are not TRUE.
-- Of every tier of which the lake has outcomes, also by an older version of its file; tier_verdicts is what holds now.
WITH named AS (
    SELECT tier, version, list(rule ORDER BY number) AS rules
    FROM tier_rules_history
    GROUP BY tier, version
)

SELECT
    o.batch,
    o.tier,
    o.clip_id,
    CASE WHEN o.failed <> 0 THEN FALSE WHEN o.unknown = 0 THEN TRUE END AS kept,
    CASE WHEN o.failed <> 0 THEN 'dropped' WHEN o.unknown = 0 THEN 'kept' ELSE 'undecided' END AS verdict,
    -- From the lowest bit down to the first all are set in xor(bits, bits - 1): their number is the rule's.
    CASE
        WHEN o.failed <> 0 THEN n.rules[bit_count(xor(o.failed, o.failed - 1))]
        WHEN o.unknown <> 0 THEN n.rules[bit_count(xor(o.unknown, o.unknown - 1))]
    END AS decided_by,
    list_transform(
        range(len(n.rules)),
        lambda i: CASE WHEN (o.failed >> i) & 1 = 1 THEN FALSE WHEN (o.unknown >> i) & 1 = 0 THEN TRUE END
    ) AS passed,
    bit_count(o.failed | o.unknown)::INTEGER AS not_passed,
    o.version
FROM tier_outcomes AS o
LEFT JOIN named AS n ON n.tier = o.tier AND n.version = o.version;
