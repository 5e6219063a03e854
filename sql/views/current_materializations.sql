-- The ledger without the entries of tiers and draws whose file is gone.
SELECT m.*
FROM materializations AS m
ANTI JOIN tier_files AS f ON f.state = 'gone' AND m.asset = concat(f.kind, 's/', f.tier);
