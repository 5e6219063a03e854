-- Which rules cost a tier its clips, and which lack a measurement?
-- One row per tier and rule: clips and hours that the rule decided, and how many of them pass all the other rules: what
-- there is to gain by loosening it.
SELECT
    t.tier,
    t.verdict,
    t.decided_by AS rule,
    count(*) AS clips,
    round(sum(c.duration_s) / 3600, 3) AS hours,
    count(*) FILTER (t.not_passed = 1) AS by_this_rule_alone
FROM tier_verdicts AS t
JOIN clips AS c ON c.batch = t.batch AND c.clip_id = t.clip_id
WHERE t.verdict <> 'kept'
GROUP BY t.tier, t.verdict, t.decided_by
ORDER BY t.tier, clips DESC, rule;
