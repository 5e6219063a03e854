-- title: Rights: what a training set may hold
-- description: Somebody must have said under which licence the footage is, and the licence must let it be used commercially and
--   changed; what is not known is out, like what is not allowed. A release asks again, on the day on which it is made.
--
-- A policy has the form of a tier: what-if says what another rule would lose and gain, and `why` tells a clip's verdict. Copy this
-- file to sql/policies/NAME.sql beside your own tiers to have another, and name it in release.policy or in `release --policy`.
-- It is a rule of work, and no legal advice. Where no source is named, a rule is ours.
SELECT
    clip_id,

    -- Nobody may use what nobody has licensed.
    licence <> 'unknown' AS licence_known,

    -- Creative Commons' NonCommercial licences, in their SPDX form and as people write them.
    NOT regexp_matches(licence, '(?i)(^|[^a-z])nc([^a-z]|$)|non[ -]?commercial') AS commercial_use,

    -- The same of NoDerivatives: a clip that is cut, cropped and scaled is adapted material.
    NOT regexp_matches(licence, '(?i)(^|[^a-z])nd([^a-z]|$)|no[ -]?deriv') AS derivatives,

    -- The EU's summary template (Art. 53(1)(d) AI Act) asks of all content how it was acquired; what cannot be answered is out.
    acquired_how <> 'unknown' AS acquisition_known,

    -- Somebody who is seen or heard, or who holds the rights, has said no.
    NOT regexp_matches(consent, '(?i)^(no|refused|denied|withdrawn|revoked)\b') AS consent_not_refused,

    -- What was granted until a day is not granted after it.
    expires_on = 'unknown' OR TRY_CAST(expires_on AS DATE) >= current_date AS not_expired,

    -- Nobody reserves training: by a C2PA or CAWG assertion inside the file, TDMRep (Art. 4(3) of Directive (EU) 2019/790) or
    -- AIPREF. What is there and cannot be read, or was not looked for (package c2pa-python, extra 'rights'), leaves a clip undecided.
    CASE
        WHEN training_signal = 'not_allowed' THEN FALSE
        WHEN training_signal IN ('none', 'unsupported', 'allowed') THEN TRUE
    END AS training_not_reserved
FROM clip_sheet;
