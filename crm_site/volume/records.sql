-- The steps of a volume load, each after a line "-- step: name". Names in %(…)s come from load.py.
-- Every choice is made by hashing the row's number, so the same arguments give the same rows.

-- step: choices
CREATE OR REPLACE FUNCTION pg_temp.pick(i bigint, salt int, n bigint) RETURNS int LANGUAGE sql IMMUTABLE AS
$$ SELECT ((hashint8extended(i, %(seed)s * 1000 + salt) & 4294967295) %% n)::int $$;
CREATE OR REPLACE FUNCTION pg_temp.unit(i bigint, salt int) RETURNS float8 LANGUAGE sql IMMUTABLE AS
$$ SELECT (hashint8extended(i, %(seed)s * 1000 + salt) & 16777215) / 16777216.0::float8 $$;
CREATE OR REPLACE FUNCTION pg_temp.surname(i bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT initcap((%(starts)s::text[])[1 + pg_temp.pick(i, 11, %(n_starts)s)]
    || (%(middles)s::text[])[1 + pg_temp.pick(i, 12, %(n_middles)s)]
    || (%(ends)s::text[])[1 + pg_temp.pick(i, 13, %(n_ends)s)]) $$;
CREATE OR REPLACE FUNCTION pg_temp.given(i bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT initcap((%(given_starts)s::text[])[1 + pg_temp.pick(i, 14, %(n_given_starts)s)]
    || (%(given_ends)s::text[])[1 + pg_temp.pick(i, 15, %(n_given_ends)s)]) $$;
-- The first thirty rows of each kind are the small seller's; a few sellers own most of the rest, some rows nobody.
CREATE OR REPLACE FUNCTION pg_temp.seller(i bigint, salt int) RETURNS int LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN i <= 30 THEN 1 WHEN pg_temp.pick(i, salt + 1, 100) = 0 THEN 0
    ELSE 2 + floor(power(pg_temp.unit(i, salt), 1.8) * (%(n_sellers)s - 1))::int END $$;
CREATE OR REPLACE FUNCTION pg_temp.born(i bigint, total bigint) RETURNS timestamptz LANGUAGE sql STABLE AS
$$ SELECT date_trunc('day', now()) - (1 - i::float8 / total) * interval '900 days' $$;
CREATE OR REPLACE FUNCTION pg_temp.touched(i bigint, total bigint) RETURNS timestamptz LANGUAGE sql STABLE AS
$$ SELECT CASE WHEN i <= 30 THEN pg_temp.born(i, total)
    ELSE pg_temp.born(i, total) + power(pg_temp.unit(i, 21), 3) * (now() - pg_temp.born(i, total)) END $$;
CREATE OR REPLACE FUNCTION pg_temp.tagged(i bigint) RETURNS varchar[] LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN pg_temp.pick(i, 22, 12) > 0 THEN '{}'::varchar[]
    ELSE (%(tags)s::varchar[])[1 + pg_temp.pick(i, 23, 8) : 1 + pg_temp.pick(i, 23, 8) + pg_temp.pick(i, 24, 2)] END $$;
CREATE OR REPLACE FUNCTION pg_temp.binned(i bigint) RETURNS timestamptz LANGUAGE sql STABLE AS
$$ SELECT CASE WHEN i > 1000 AND pg_temp.pick(i, 25, 120) = 0 THEN now() - pg_temp.unit(i, 26) * interval '25 days' END $$;

-- step: accounts
INSERT INTO customers_account (
    id, name, status, industry, is_prospect, is_customer, is_partner, is_supplier, is_competitor, parent_id, website,
    email, phone, city, country, employees, revenue, currency, partner_tier, description, owner_id, team_id, tags,
    created_at, created_by_id, changed_at, changed_by_id, version, deleted_at)
SELECT %(account)s + i,
    pg_temp.surname(i * 3) || ' ' || (%(trades)s::text[])[1 + pg_temp.pick(i, 31, %(n_trades)s)] || ' '
        || (%(forms)s::text[])[1 + pg_temp.pick(i, 32, %(n_forms)s)],
    CASE WHEN pg_temp.pick(i, 33, 20) > 2 THEN 'active' WHEN pg_temp.pick(i, 33, 20) > 0 THEN 'inactive' ELSE 'closed' END,
    (%(industries)s::text[])[1 + pg_temp.pick(i, 34, %(n_industries)s)],
    pg_temp.pick(i, 35, 3) = 0, i %% 4 <> 0 AND i <= %(customers)s, pg_temp.pick(i, 36, 20) = 0,
    pg_temp.pick(i, 37, 15) = 0, pg_temp.pick(i, 38, 200) = 0,
    CASE WHEN i > 1000 AND i %% 10 = 3 THEN %(account)s + i / 10 END,
    kith_fold(pg_temp.surname(i * 3)) || '-' || i || '.example.com',
    'office@' || kith_fold(pg_temp.surname(i * 3)) || '-' || i || '.example.com',
    '+4930' || (10000000 + i), (%(cities)s::text[])[1 + pg_temp.pick(i, 39, %(n_cities)s)],
    (%(countries)s::text[])[1 + pg_temp.pick(i, 39, %(n_cities)s)],
    CASE WHEN i %% 5 > 0 THEN 1 + floor(power(pg_temp.unit(i, 40), 4) * 20000)::int END,
    CASE WHEN i %% 7 > 0 THEN round((power(pg_temp.unit(i, 41), 3) * 90000000)::numeric, 2) END,
    CASE WHEN i %% 7 > 0 THEN 'EUR' ELSE '' END,
    CASE WHEN pg_temp.pick(i, 36, 20) = 0 THEN (ARRAY['registered','silver','gold','platinum'])[1 + pg_temp.pick(i, 42, 4)] ELSE '' END,
    CASE WHEN i %% 3 = 0 THEN (%(notes)s::text[])[1 + pg_temp.pick(i, 43, %(n_notes)s)] ELSE '' END,
    u.id, u.team_id, pg_temp.tagged(i), pg_temp.born(i, %(accounts)s), u.id, pg_temp.touched(i, %(accounts)s), u.id, 1,
    pg_temp.binned(i)
FROM generate_series(1::bigint, %(accounts)s) i
LEFT JOIN volume_seller s ON s.slot = pg_temp.seller(i, 51) LEFT JOIN core_user u ON u.id = s.user_id;

-- step: contacts
INSERT INTO customers_contact (
    id, first_name, middle_initial, last_name, salutation, job_title, department, account_id, reports_to_id, language,
    time_zone, birthday, do_not_contact, source, description, email, phone, city, country, owner_id, team_id, tags,
    created_at, created_by_id, changed_at, changed_by_id, version, deleted_at)
SELECT %(contact)s + i, pg_temp.given(i), CASE WHEN i %% 9 = 0 THEN chr(65 + pg_temp.pick(i, 61, 26)) ELSE '' END,
    pg_temp.surname(i), CASE WHEN i %% 3 = 0 THEN (ARRAY['Ms','Mr','Dr'])[1 + pg_temp.pick(i, 62, 3)] ELSE '' END,
    (%(titles)s::text[])[1 + pg_temp.pick(i, 63, %(n_titles)s)], (%(departments)s::text[])[1 + pg_temp.pick(i, 64, %(n_departments)s)],
    a.id, NULL, (ARRAY['en','de','fr','es',''])[1 + pg_temp.pick(i, 65, 5)], '',
    CASE WHEN i %% 11 = 0 THEN date '1955-01-01' + pg_temp.pick(i, 66, 17000) END, pg_temp.pick(i, 67, 40) = 0,
    (%(sources)s::text[])[1 + pg_temp.pick(i, 68, %(n_sources)s)],
    CASE WHEN i %% 5 = 0 THEN (%(notes)s::text[])[1 + pg_temp.pick(i, 69, %(n_notes)s)] ELSE '' END,
    CASE WHEN i %% 10 > 0 THEN kith_fold(pg_temp.given(i) || '.' || pg_temp.surname(i)) || i || '@example.org' ELSE '' END,
    CASE WHEN i %% 5 < 3 THEN '+49151' || (10000000 + i) ELSE '' END,
    CASE WHEN i %% 5 = 0 THEN (%(cities)s::text[])[1 + pg_temp.pick(i, 70, %(n_cities)s)] ELSE '' END,
    CASE WHEN i %% 5 = 0 THEN (%(countries)s::text[])[1 + pg_temp.pick(i, 70, %(n_cities)s)] ELSE '' END,
    u.id, u.team_id, pg_temp.tagged(i + 7), pg_temp.born(i, %(contacts)s), u.id, pg_temp.touched(i, %(contacts)s), u.id, 1,
    pg_temp.binned(i + 7)
FROM generate_series(1::bigint, %(contacts)s) i
LEFT JOIN volume_seller s ON s.slot = pg_temp.seller(i, 53) LEFT JOIN core_user u ON u.id = s.user_id
LEFT JOIN customers_account a ON i %% 4 > 0 AND a.id = %(account)s + CASE WHEN i <= %(accounts)s THEN i
    ELSE 1 + floor(power(pg_temp.unit(i, 71), 2) * %(accounts)s)::bigint END;

-- step: affiliations
INSERT INTO customers_affiliation (contact_id, account_id, role, valid_from, valid_to, is_main)
SELECT c.id, c.account_id, c.job_title, c.created_at::date, NULL, true
FROM customers_contact c WHERE c.id > %(contact)s AND c.account_id IS NOT NULL
UNION ALL
SELECT c.id, %(account)s + 1 + pg_temp.pick(c.id, 81, %(accounts)s), c.job_title, c.created_at::date - 900,
    c.created_at::date - 30, false
FROM customers_contact c WHERE c.id > %(contact)s AND c.id %% 20 = 5;

-- step: mechanisms
INSERT INTO customers_contactmechanism (
    account_id, contact_id, type, purpose, value, normalised, is_primary, status, do_not_use, street, city, region,
    postal_code, country, created_at)
SELECT m.account_id, m.contact_id, m.type, 'work', m.value, m.normalised, true, 'ok', false, m.street, m.city, '',
    m.postal_code, m.country, m.created_at
FROM (
    SELECT a.id AS account_id, NULL::bigint AS contact_id, 'email' AS type, a.email AS value, a.email AS normalised,
        '' AS street, '' AS city, '' AS postal_code, '' AS country, a.created_at
    FROM customers_account a WHERE a.id > %(account)s
    UNION ALL
    SELECT a.id, NULL, 'phone', a.phone, a.phone, '', '', '', '', a.created_at FROM customers_account a WHERE a.id > %(account)s
    UNION ALL
    SELECT a.id, NULL, 'postal', a.id %% 200 || ' Main Street, ' || a.city, '', a.id %% 200 || ' Main Street', a.city,
        (10000 + a.id %% 80000)::text, a.country, a.created_at
    FROM customers_account a WHERE a.id > %(account)s
    UNION ALL
    SELECT NULL, c.id, 'email', c.email, c.email, '', '', '', '', c.created_at
    FROM customers_contact c WHERE c.id > %(contact)s AND c.email <> ''
    UNION ALL
    SELECT NULL, c.id, 'mobile', c.phone, c.phone, '', '', '', '', c.created_at
    FROM customers_contact c WHERE c.id > %(contact)s AND c.phone <> ''
    UNION ALL
    SELECT NULL, c.id, 'postal', c.id %% 200 || ' Side Street, ' || c.city, '', c.id %% 200 || ' Side Street', c.city,
        (10000 + c.id %% 80000)::text, c.country, c.created_at
    FROM customers_contact c WHERE c.id > %(contact)s AND c.city <> ''
) m;

-- step: consents
INSERT INTO customers_consent (
    contact_id, purpose_id, channel, address, status, basis, source, text, proof, by_id, created_at, effective_from, token_hash)
SELECT c.id, p.id, '', c.email, s.status, 'consent', 'form', p.text, 'Form 1', c.owner_id, s.at, s.at, ''
FROM customers_contact c JOIN customers_purpose p ON pg_temp.pick(c.id + p.id, 75, 5) = 0
CROSS JOIN LATERAL (VALUES
    (CASE WHEN pg_temp.pick(c.id, 76, 6) = 0 THEN 'denied' ELSE 'granted' END, c.created_at),
    (CASE WHEN pg_temp.pick(c.id, 76, 6) = 1 THEN 'withdrawn' END, c.created_at + interval '1 day')) s (status, at)
WHERE c.id > %(contact)s AND s.status IS NOT NULL;

-- step: customers
INSERT INTO customers_customer (
    id, kind, name, account_id, contact_id, status, tier, since, email, phone, city, country, description, owner_id,
    team_id, tags, created_at, created_by_id, changed_at, changed_by_id, version, deleted_at)
SELECT %(customer)s + i, CASE WHEN a.id IS NULL THEN 'individual' ELSE 'business' END,
    coalesce(a.name, concat_ws(' ', c.first_name, nullif(c.middle_initial, ''), c.last_name)), a.id,
    CASE WHEN a.id IS NULL OR i %% 2 = 0 THEN c.id END,
    (ARRAY['prospect','active','active','active','active','active','inactive','former'])[1 + pg_temp.pick(i, 91, 8)],
    (ARRAY['','','','','','silver','silver','gold','platinum'])[1 + pg_temp.pick(i, 93, 9)],
    CASE WHEN pg_temp.pick(i, 91, 8) > 0 THEN pg_temp.born(i, %(customers)s)::date END,
    coalesce(a.email, c.email), coalesce(a.phone, c.phone), coalesce(a.city, c.city), coalesce(a.country, c.country),
    CASE WHEN i %% 6 = 0 THEN (%(notes)s::text[])[1 + pg_temp.pick(i, 92, %(n_notes)s)] ELSE '' END,
    u.id, u.team_id, pg_temp.tagged(i + 13), pg_temp.born(i, %(customers)s), u.id, pg_temp.touched(i, %(customers)s), u.id, 1,
    pg_temp.binned(i + 13)
FROM generate_series(1::bigint, %(customers)s) i
LEFT JOIN customers_account a ON a.id = %(account)s + i AND i %% 4 > 0
LEFT JOIN customers_contact c ON c.id = %(contact)s + i
LEFT JOIN volume_seller s ON s.slot = pg_temp.seller(i, 55) LEFT JOIN core_user u ON u.id = s.user_id
WHERE a.id IS NOT NULL OR c.id IS NOT NULL;

-- step: status changes
INSERT INTO customers_customerstatuschange (customer_id, from_status, to_status, reason, at, by_id)
SELECT c.id, '', 'prospect', '', c.created_at, c.owner_id FROM customers_customer c WHERE c.id > %(customer)s
UNION ALL
SELECT c.id, 'prospect', c.status, 'First order', c.created_at + interval '12 hours', c.owner_id
FROM customers_customer c WHERE c.id > %(customer)s AND c.status <> 'prospect';

-- step: activities
INSERT INTO customers_activity (
    id, kind, direction, status, subject, body, at, ends_at, duration, done_at, outcome, place, priority, repeats,
    is_private, is_pinned, regarding_type_id, regarding_id, contact_id, account_id, customer_id, followed_owner_id,
    followed_team_id, owner_id, team_id, tags, created_at, created_by_id, changed_at, changed_by_id, version, deleted_at)
SELECT %(activity)s + i, k.kind, CASE WHEN k.kind IN ('call', 'email') THEN (ARRAY['in','out'])[1 + pg_temp.pick(i, 101, 2)] ELSE '' END,
    CASE WHEN k.kind IN ('task', 'meeting') AND i > %(activities)s * 0.97 THEN 'open'
        WHEN pg_temp.pick(i, 102, 60) = 0 THEN 'cancelled' ELSE 'done' END,
    (%(subjects)s::text[])[1 + pg_temp.pick(i, 103, %(n_subjects)s)] || ' ' || pg_temp.surname(pg_temp.pick(i, 104, 200000)),
    CASE WHEN i %% 4 > 0 THEN (%(notes)s::text[])[1 + pg_temp.pick(i, 105, %(n_notes)s)] || ' '
        || (%(notes)s::text[])[1 + pg_temp.pick(i, 106, %(n_notes)s)] ELSE '' END,
    pg_temp.born(i, %(activities)s) + CASE
        WHEN k.kind IN ('task', 'meeting') AND i > %(activities)s * 0.97 THEN (pg_temp.unit(i, 107) - 0.3) * interval '40 days'
        ELSE (pg_temp.unit(i, 107) - 1) * interval '9 hours' END,
    NULL, CASE WHEN k.kind IN ('call', 'meeting') THEN 5 + 5 * pg_temp.pick(i, 108, 18) END, NULL,
    CASE WHEN k.kind = 'call' THEN (ARRAY['Reached','No answer','Left a message','Call back'])[1 + pg_temp.pick(i, 109, 4)] ELSE '' END,
    CASE WHEN k.kind = 'meeting' THEN (%(cities)s::text[])[1 + pg_temp.pick(i, 110, %(n_cities)s)] ELSE '' END,
    1 + pg_temp.pick(i, 111, 3), '', pg_temp.pick(i, 112, 150) = 0, pg_temp.pick(i, 113, 2000) = 0,
    CASE WHEN cu.id IS NULL THEN %(contact_type)s ELSE %(customer_type)s END, coalesce(cu.id, co.id),
    coalesce(cu.contact_id, co.id), coalesce(cu.account_id, co.account_id), cu.id,
    coalesce(cu.owner_id, co.owner_id), coalesce(cu.team_id, co.team_id), u.id, u.team_id, '{}',
    pg_temp.born(i, %(activities)s), u.id, pg_temp.born(i, %(activities)s), u.id, 1, NULL
FROM generate_series(1::bigint, %(activities)s) i
CROSS JOIN LATERAL (SELECT (ARRAY['call','call','email','email','email','meeting','note','note','task','task'])[1 + pg_temp.pick(i, 114, 10)] AS kind) k
LEFT JOIN customers_customer cu ON cu.id = %(customer)s + CASE
    WHEN i %% %(every)s = 0 AND i <= %(every)s * %(busiest)s THEN 1
    WHEN i %% %(every)s = 1 AND i <= %(every)s * 1000 THEN 2
    WHEN i %% %(every)s = 2 AND i <= %(every)s * 20 THEN 3
    WHEN pg_temp.pick(i, 115, 10) < 7 THEN 4 + pg_temp.pick(i, 116, %(customers)s - 4) END
LEFT JOIN customers_contact co ON cu.id IS NULL AND co.id = %(contact)s + 10 + pg_temp.pick(i, 117, %(contacts)s - 10)
LEFT JOIN volume_seller s ON s.slot = pg_temp.seller(i, 57) LEFT JOIN core_user u ON u.id = s.user_id;

-- step: participants
INSERT INTO customers_participant (activity_id, contact_id, answer)
SELECT a.id, a.contact_id, 'accepted' FROM customers_activity a
WHERE a.id > %(activity)s AND a.kind = 'meeting' AND a.contact_id IS NOT NULL AND a.id %% 3 = 0;

-- step: shares
INSERT INTO core_share (content_type_id, object_id, user_id, can_change, reason, created_at)
SELECT t.id, %(account)s + 1 + pg_temp.pick(n, 121, least(%(accounts)s, %(customers)s)), s.user_id, n %% 2 = 0, 'Helps out', now()
FROM volume_seller s CROSS JOIN generate_series(1::bigint, 25) n
CROSS JOIN (VALUES (%(account_type)s::int), (%(customer_type)s::int)) t (id)
WHERE s.slot > 0 AND s.slot %% 3 = 0 ON CONFLICT DO NOTHING;
