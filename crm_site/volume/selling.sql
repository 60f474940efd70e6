-- The steps of the volume's sales and marketing, after the functions of records.sql.
-- Tables are analysed as soon as they are filled, since the next step joins them.
-- OFFSET 0 lets a sub-query be worked out once, however often its columns are named.
-- A deal's past is what `stood` says of it at each of its moments: each change is that just before and just after.

-- step: deals in outline
CREATE TEMP TABLE volume_stage AS
SELECT row_number() OVER (ORDER BY s.state = 'lost', s.state = 'won', s."order") AS slot, s.*
FROM (
    SELECT s.*, row_number() OVER (PARTITION BY s.state ORDER BY s."order", s.id) AS place
    FROM sales_stage s JOIN sales_pipeline p ON p.id = s.pipeline_id AND p.is_default WHERE s.is_active
) s WHERE s.place <= CASE s.state WHEN 'open' THEN 4 ELSE 1 END;
CREATE TEMP TABLE volume_deal (
    i bigint, born timestamptz, stage2 timestamptz, stage3 timestamptz, stage4 timestamptz, raised timestamptz,
    lowered timestamptz, push1 timestamptz, push2 timestamptz, push3 timestamptz, handed timestamptz, closed timestamptz,
    gone timestamptz, won boolean, due date, worth numeric(18, 2), currency varchar(3), rate numeric, first_owner_id bigint,
    first_team_id bigint, owner_id bigint, team_id bigint, customer_id bigint, account_id bigint, contact_id bigint,
    product bigint
);
INSERT INTO volume_deal
SELECT d.i, d.born, d.at[1], d.at[2], d.at[3], d.at[4], d.at[5], d.at[6], d.at[7], d.at[8], d.at[9], d.at[10],
    CASE WHEN pg_temp.binned(d.i) > (SELECT max(x) FROM unnest(d.born || d.at) x WHERE x < 'infinity')
        THEN pg_temp.binned(d.i) ELSE 'infinity' END,
    d.won, (d.born + d.life - d.pushes * interval '25 days')::date - CASE WHEN pg_temp.pick(d.i, 223, 8) = 0 THEN 70 ELSE 0 END, d.worth, d.currency, d.rate, f.id, f.team_id, u.id, u.team_id,
    d.customer_id, d.account_id, d.contact_id, d.product
FROM (
    SELECT d.*, cu.id AS customer_id, cu.account_id, cu.contact_id,
        (%(currencies)s::varchar[])[d.place] AS currency, (%(rates)s::numeric[])[d.place] AS rate,
        1 + pg_temp.pick(d.i, 203, 3) AS product,
        round((200 + power(pg_temp.unit(d.i, 204), 3) * 190000)::numeric, -1) AS worth,
        -- The moments of its past, in the order of the columns; what has not come yet never comes.
        (SELECT array_agg(CASE WHEN m.part < 'infinity' AND d.born + d.life * m.part < now() THEN d.born + d.life * m.part
            ELSE 'infinity'::timestamptz END ORDER BY m.n)
        FROM (VALUES
            (1, CASE WHEN d.reach > 1 THEN 1.0 / d.reach * (0.8 + 0.2 * pg_temp.unit(d.i, 205)) ELSE 'infinity' END),
            (2, CASE WHEN d.reach > 2 THEN 2.0 / d.reach * (0.8 + 0.2 * pg_temp.unit(d.i, 206)) ELSE 'infinity' END),
            (3, CASE WHEN d.reach > 3 THEN 3.0 / d.reach * (0.8 + 0.2 * pg_temp.unit(d.i, 207)) ELSE 'infinity' END),
            (4, CASE WHEN pg_temp.pick(d.i, 208, 100) < 45 THEN 0.3 + 0.5 * pg_temp.unit(d.i, 209) ELSE 'infinity' END),
            (5, CASE WHEN pg_temp.pick(d.i, 210, 100) < 25 THEN 0.6 + 0.35 * pg_temp.unit(d.i, 211) ELSE 'infinity' END),
            (6, CASE WHEN d.pushes > 0 THEN 1.0 / (d.pushes + 1) + 0.05 * pg_temp.unit(d.i, 212) ELSE 'infinity' END),
            (7, CASE WHEN d.pushes > 1 THEN 2.0 / (d.pushes + 1) + 0.05 * pg_temp.unit(d.i, 213) ELSE 'infinity' END),
            (8, CASE WHEN d.pushes > 2 THEN 3.0 / (d.pushes + 1) + 0.05 * pg_temp.unit(d.i, 214) ELSE 'infinity' END),
            (9, CASE WHEN d.i > 30 AND pg_temp.pick(d.i, 215, 30) = 0 THEN pg_temp.unit(d.i, 216) ELSE 'infinity' END),
            (10, 1.0)
        ) m (n, part)) AS at
    FROM (
        SELECT d.*, CASE WHEN d.won THEN 4 ELSE 1 + pg_temp.pick(d.i, 202, 4) END AS reach,
            (ARRAY[0, 0, 0, 0, 1, 1, 1, 2, 2, 3])[1 + pg_temp.pick(d.i, 217, 10)] AS pushes,
            (ARRAY[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 4])[1 + pg_temp.pick(d.i, 218, 20)] AS place
        FROM (
            SELECT i, pg_temp.born(i, %(opportunities)s) AS born, pg_temp.pick(i, 201, 100) < 36 AS won,
                -- A quarter of all are open; of the small seller's every other one.
                CASE WHEN i <= 30 AND i %% 2 = 0 THEN interval '930 days' + i * interval '3 days'
                    ELSE interval '20 days' + pg_temp.unit(i, 219) * interval '410 days' END AS life
            FROM generate_series(1::bigint, %(opportunities)s) i OFFSET 0
        ) d OFFSET 0
    ) d
    LEFT JOIN customers_customer cu ON cu.id = %(customer)s + CASE
        WHEN d.i %% %(every_deal)s = 0 AND d.i <= %(every_deal)s * 50 THEN 2
        WHEN d.i %% %(every_deal)s = 1 AND d.i <= %(every_deal)s * 5 THEN 3
        WHEN d.i %% 1000 = 2 THEN 1 ELSE 4 + pg_temp.pick(d.i, 220, %(customers)s - 4) END
    OFFSET 0
) d
LEFT JOIN volume_seller s ON s.slot = pg_temp.seller(d.i, 221) LEFT JOIN core_user u ON u.id = s.user_id
LEFT JOIN volume_seller t ON t.slot = CASE WHEN d.at[9] < 'infinity' THEN pg_temp.seller(d.i, 222) ELSE s.slot END
LEFT JOIN core_user f ON f.id = t.user_id;
ANALYZE volume_deal;
ANALYZE volume_stage;
CREATE FUNCTION pg_temp.stood(d volume_deal, t timestamptz) RETURNS TABLE (
    slot int, since timestamptz, amount numeric, close_date date, pushes int, owner_id bigint, team_id bigint
) LANGUAGE sql STABLE AS $$ SELECT
    CASE WHEN d.closed <= t THEN CASE WHEN d.won THEN 5 ELSE 6 END
        ELSE 1 + (d.stage2 <= t)::int + (d.stage3 <= t)::int + (d.stage4 <= t)::int END,
    CASE WHEN d.closed <= t THEN d.closed WHEN d.stage4 <= t THEN d.stage4 WHEN d.stage3 <= t THEN d.stage3
        WHEN d.stage2 <= t THEN d.stage2 ELSE d.born END,
    CASE WHEN d.i %% 40 <> 7 OR d.stage3 <= t
        THEN round(d.worth * (1 + 0.2 * (d.raised <= t)::int) * (1 - 0.15 * (d.lowered <= t)::int), 2) END,
    CASE WHEN d.closed <= t THEN d.closed::date
        ELSE d.due + 25 * ((d.push1 <= t)::int + (d.push2 <= t)::int + (d.push3 <= t)::int) END,
    (d.push1 <= t)::int + (d.push2 <= t)::int + (d.push3 <= t)::int,
    CASE WHEN d.handed <= t THEN d.owner_id ELSE d.first_owner_id END,
    CASE WHEN d.handed <= t THEN d.team_id ELSE d.first_team_id END
$$;

-- step: campaigns
INSERT INTO marketing_campaign (
    id, name, type, status, starts_on, ends_on, currency, budgeted_cost, actual_cost, expected_revenue, description,
    owner_id, team_id, tags, created_at, created_by_id, changed_at, changed_by_id, version)
SELECT %(campaign)s + i, (%(qualities)s::text[])[1 + pg_temp.pick(i, 231, %(n_qualities)s)] || ' '
        || (%(wares)s::text[])[1 + pg_temp.pick(i, 232, %(n_wares)s)] || ' ' || to_char(b.at, 'MM/YYYY'),
    (ARRAY['email','advertisement','event','webinar','trade_show','social','direct_mail','partners'])[1 + pg_temp.pick(i, 233, 8)],
    CASE WHEN b.at < now() - interval '90 days' THEN 'completed' WHEN i %% 3 = 0 THEN 'planned' ELSE 'active' END,
    b.at::date, b.at::date + 60, %(base)s, 1000 + 100 * pg_temp.pick(i, 234, 400), 900 + 100 * pg_temp.pick(i, 235, 400),
    10000 + 1000 * pg_temp.pick(i, 236, 400), '', u.id, u.team_id, pg_temp.tagged(i), b.at, u.id, b.at, u.id, 1
FROM generate_series(1::bigint, %(campaigns)s) i CROSS JOIN LATERAL (SELECT pg_temp.born(i, %(campaigns)s) AS at) b
LEFT JOIN volume_seller s ON s.slot = pg_temp.seller(i, 237) LEFT JOIN core_user u ON u.id = s.user_id;

-- step: members of campaigns
INSERT INTO marketing_campaignmember (campaign_id, contact_id, status, added_at, responded_at)
SELECT %(campaign)s + 1 + (c.id / 10) %% %(campaigns)s, c.id,
    (ARRAY['targeted','sent','sent','opened','clicked','responded'])[1 + pg_temp.pick(c.id, 241, 6)], c.created_at,
    CASE WHEN pg_temp.pick(c.id, 241, 6) = 5 THEN c.created_at + interval '3 days' END
FROM customers_contact c WHERE c.id > %(contact)s AND c.id %% 10 = 4;

-- step: contact lists
INSERT INTO marketing_contactlist (
    name, purpose, is_active, description, tags, created_at, changed_at, version)
SELECT 'List ' || i, (ARRAY['Newsletter','Product news','Events','Partners'])[1 + i %% 4], i %% 9 > 0, '', '{}',
    pg_temp.born(i, %(campaigns)s), pg_temp.born(i, %(campaigns)s), 1
FROM generate_series(1::bigint, %(campaigns)s) i;
INSERT INTO marketing_contactlistmember (list_id, contact_id, added_at)
SELECT l.id, c.id, c.created_at FROM customers_contact c
JOIN (SELECT id, row_number() OVER (ORDER BY id) AS n, count(*) OVER () AS all_lists FROM marketing_contactlist) l
    ON l.n = 1 + (c.id / 10) %% l.all_lists
WHERE c.id > %(contact)s AND c.id %% 10 = 7 ON CONFLICT DO NOTHING;

-- step: products
INSERT INTO sales_product (
    id, name, code, family, unit, tax_rate, cost, currency, is_active, description, owner_id, team_id, tags, created_at,
    created_by_id, changed_at, changed_by_id, version)
SELECT %(product)s + i, (%(qualities)s::text[])[1 + pg_temp.pick(i, 251, %(n_qualities)s)] || ' '
        || (%(wares)s::text[])[1 + pg_temp.pick(i, 252, %(n_wares)s)] || ' ' || i,
    'VP-' || lpad(i::text, 5, '0'), (%(families)s::text[])[1 + i %% %(n_families)s], 'piece', 20, 1 + pg_temp.pick(i, 253, 900),
    %(base)s, i %% 15 > 0, '', NULL, NULL, '{}', pg_temp.born(i, %(products)s), NULL, pg_temp.born(i, %(products)s), NULL, 1
FROM generate_series(1::bigint, %(products)s) i;
INSERT INTO sales_price (product_id, book_id, currency, amount, valid_from, valid_to)
SELECT p.id, NULL, c.code, round(p.cost * 1.6 / c.rate, 2), CASE WHEN n = 2 THEN date '2025-01-01' END,
    CASE WHEN n = 1 THEN date '2024-12-31' END
FROM sales_product p CROSS JOIN generate_series(1, 2) n
CROSS JOIN unnest(%(currencies)s::varchar[], %(rates)s::numeric[]) c (code, rate)
WHERE p.id > %(product)s AND c.rate IS NOT NULL;
INSERT INTO sales_pricebook (name, pricing, ranges, is_active, description, tags, created_at, changed_at, version)
SELECT 'Price book ' || i, (ARRAY['flat','differential'])[1 + i %% 2],
    CASE WHEN i %% 2 = 1 THEN ARRAY['10: 5', '50: 12'] ELSE '{}' END, true, '', '{}', now(), now(), 1
FROM generate_series(1, 10) i;
INSERT INTO core_exchangerate (currency, day, rate)
SELECT c.code, date '2020-01-01', c.rate FROM unnest(%(currencies)s::varchar[], %(rates)s::numeric[]) c (code, rate)
WHERE c.code <> %(base)s AND c.rate IS NOT NULL ON CONFLICT DO NOTHING;
ANALYZE sales_product;

-- step: leads
INSERT INTO sales_lead (
    id, contact_id, account_id, customer_id, first_name, last_name, company, job_title, email, phone, website, industry,
    country, subject, description, status, rating, source, referrer, campaign_id, amount, currency, next_step,
    next_step_date, attribution, score, score_parts, respond_by, responded_at, last_touch_at, disqualified_at,
    disqualify_reason, disqualify_note, converted_at, converted_account_id, converted_customer_id,
    converted_opportunity_id, conversion, owner_id, team_id, tags, created_at, created_by_id, changed_at, changed_by_id,
    version, deleted_at)
SELECT %(lead)s + l.i, c.id, c.account_id, CASE WHEN l.status = 'converted' THEN d.customer_id END, c.first_name, c.last_name,
    coalesce(a.name, ''), c.job_title, c.email, c.phone, coalesce(a.website, ''), coalesce(a.industry, ''),
    coalesce(a.country, c.country), (%(needs)s::text[])[1 + pg_temp.pick(l.i, 261, %(n_needs)s)],
    CASE WHEN l.i %% 3 = 0 THEN (%(notes)s::text[])[1 + pg_temp.pick(l.i, 262, %(n_notes)s)] ELSE '' END, l.status,
    (ARRAY['hot','warm','warm','cold','cold',''])[1 + pg_temp.pick(l.i, 263, 6)],
    (%(sources)s::text[])[1 + pg_temp.pick(l.i, 264, %(n_sources)s)], '',
    CASE WHEN pg_temp.pick(l.i, 265, 10) < 3 THEN %(campaign)s + 1 + pg_temp.pick(l.i, 266, %(campaigns)s) END,
    CASE WHEN l.i %% 2 = 0 THEN 100 * (1 + pg_temp.pick(l.i, 267, 900)) END, CASE WHEN l.i %% 2 = 0 THEN %(base)s ELSE '' END,
    CASE WHEN l.i %% 4 = 0 THEN 'Call them' ELSE '' END, CASE WHEN l.i %% 4 = 0 THEN l.born::date + 10 END, '{}',
    pg_temp.pick(l.i, 268, 101), '[]', l.born + interval '4 hours',
    CASE WHEN l.status <> 'new' THEN l.born + pg_temp.unit(l.i, 269) * interval '6 hours' END, l.touched,
    CASE WHEN l.status = 'disqualified' THEN l.touched END,
    CASE WHEN l.status = 'disqualified'
        THEN (ARRAY['not_interested','no_budget','not_reachable','wrong_fit','spam'])[1 + pg_temp.pick(l.i, 270, 5)] ELSE '' END,
    '', CASE WHEN l.status = 'converted' THEN d.born END, CASE WHEN l.status = 'converted' THEN d.account_id END,
    CASE WHEN l.status = 'converted' THEN d.customer_id END,
    CASE WHEN l.status = 'converted' THEN %(opportunity)s + d.i END, '{}', u.id, u.team_id, pg_temp.tagged(l.i), l.born,
    u.id, l.touched, u.id, 1, pg_temp.binned(l.i)
FROM (
    SELECT i, pg_temp.born(i, %(leads)s) - interval '10 days' AS born, pg_temp.touched(i, %(leads)s) AS touched,
        CASE WHEN pg_temp.pick(i, 271, 100) < 25 THEN 'converted'
            WHEN pg_temp.pick(i, 271, 100) < 75 THEN 'disqualified'
            ELSE (ARRAY['new','working','qualified'])[1 + pg_temp.pick(i, 272, 3)] END AS status
    FROM generate_series(1::bigint, %(leads)s) i
) l
JOIN volume_deal d ON d.i = greatest(1, l.i * %(opportunities)s / %(leads)s)
JOIN customers_contact c ON c.id = coalesce(
    CASE WHEN l.status = 'converted' THEN d.contact_id END, %(contact)s + 1 + pg_temp.pick(l.i, 273, %(contacts)s))
LEFT JOIN customers_account a ON a.id = c.account_id
LEFT JOIN volume_seller s ON s.slot = pg_temp.seller(l.i, 274) LEFT JOIN core_user u ON u.id = s.user_id;
ANALYZE sales_lead;

-- step: activities of deals
INSERT INTO customers_activity (
    id, kind, direction, status, subject, body, at, duration, outcome, place, priority, repeats, is_private, is_pinned,
    regarding_type_id, regarding_id, contact_id, account_id, customer_id, followed_owner_id, followed_team_id, owner_id,
    team_id, tags, created_at, created_by_id, changed_at, changed_by_id, version)
SELECT %(activity)s + row_number() OVER (ORDER BY d.i, n), k.kind, CASE WHEN k.kind = 'call' THEN 'out' ELSE '' END,
    CASE WHEN k.kind = 'task' THEN 'open' ELSE 'done' END,
    (%(subjects)s::text[])[1 + pg_temp.pick(d.i * 7 + n, 281, %(n_subjects)s)] || ' ' || pg_temp.surname(d.i),
    (%(notes)s::text[])[1 + pg_temp.pick(d.i * 7 + n, 282, %(n_notes)s)],
    CASE WHEN k.kind = 'task' THEN now() + pg_temp.unit(d.i * 7 + n, 283) * interval '20 days'
        ELSE d.born + pg_temp.unit(d.i * 7 + n, 283) * (least(d.closed, now()) - d.born) END,
    CASE WHEN k.kind = 'call' THEN 10 END, '', '', 2, '', false, false, %(opportunity_type)s, %(opportunity)s + d.i,
    d.contact_id, d.account_id, d.customer_id, d.owner_id, d.team_id, d.owner_id, d.team_id, '{}',
    d.born, d.owner_id, d.born, d.owner_id, 1
FROM volume_deal d
CROSS JOIN LATERAL generate_series(1, CASE d.i WHEN 2 THEN %(busy_deal)s WHEN 4 THEN 20 ELSE 1 END) n
CROSS JOIN LATERAL (SELECT CASE WHEN d.closed = 'infinity' AND pg_temp.pick(d.i * 7 + n, 284, 3) = 0 THEN 'task'
    WHEN n %% 2 = 0 THEN 'note' ELSE 'call' END AS kind) k
WHERE d.i IN (2, 4) OR d.i %% 10 = 6;

-- step: opportunities
INSERT INTO sales_opportunity (
    id, name, type, pipeline_id, stage_id, state, stage_since, probability, probability_by_hand, category, category_by_hand,
    amount, amount_from_lines, currency, amount_base, close_date, closed_at, customer_id, account_id, contact_id, lead_id,
    source, campaign_id, next_step, next_step_date, loss_reason_id, loss_note, pushes, last_activity_at, next_activity_at,
    description, owner_id, team_id, tags, created_at, created_by_id, changed_at, changed_by_id, version, deleted_at)
SELECT %(opportunity)s + d.i, coalesce(cu.name || ', ', '') || (%(needs)s::text[])[1 + pg_temp.pick(d.i, 291, %(n_needs)s)],
    (ARRAY['new','new','new','renewal','upsell'])[1 + pg_temp.pick(d.i, 292, 5)], g.pipeline_id, g.id, g.state, n.since,
    g.probability, false, g.category, false, n.amount, d.i %% 10 = 0 AND n.amount IS NOT NULL, d.currency,
    round(n.amount * d.rate, 2), n.close_date, CASE WHEN g.state <> 'open' THEN d.closed END, d.customer_id, d.account_id,
    d.contact_id, l.id, coalesce(l.source, (%(sources)s::text[])[1 + pg_temp.pick(d.i, 293, %(n_sources)s)]),
    CASE WHEN l.id IS NOT NULL THEN l.campaign_id
        WHEN pg_temp.pick(d.i, 294, 10) = 0 THEN %(campaign)s + 1 + pg_temp.pick(d.i, 295, %(campaigns)s) END,
    CASE WHEN d.i %% 3 = 0 THEN (%(steps)s::text[])[1 + pg_temp.pick(d.i, 296, %(n_steps)s)] ELSE '' END,
    CASE WHEN d.i %% 3 = 0 THEN (now() + (pg_temp.unit(d.i, 297) - 0.3) * interval '40 days')::date END,
    CASE WHEN g.state = 'lost' THEN r.id END, '', n.pushes, x.last_at, x.next_at, '', n.owner_id, n.team_id, pg_temp.tagged(d.i),
    d.born, n.owner_id, m.at, n.owner_id, m.changes, nullif(d.gone, 'infinity')
FROM volume_deal d CROSS JOIN LATERAL pg_temp.stood(d, now()) n
CROSS JOIN LATERAL (SELECT max(at) AS at, count(*) AS changes FROM unnest(ARRAY[d.born, d.stage2, d.stage3, d.stage4,
    d.raised, d.lowered, d.push1, d.push2, d.push3, d.handed, d.closed, d.gone]) at WHERE at < 'infinity') m
JOIN volume_stage g ON g.slot = n.slot
LEFT JOIN customers_customer cu ON cu.id = d.customer_id
LEFT JOIN sales_lead l ON l.converted_opportunity_id = %(opportunity)s + d.i AND l.id > %(lead)s
LEFT JOIN (SELECT id, row_number() OVER (ORDER BY "order", id) - 1 AS place, count(*) OVER () AS many FROM sales_lossreason) r
    ON r.place = pg_temp.pick(d.i, 298, 6)
LEFT JOIN (
    SELECT regarding_id, max(at) FILTER (WHERE status = 'done') AS last_at, min(at) FILTER (WHERE status = 'open') AS next_at
    FROM customers_activity WHERE regarding_type_id = %(opportunity_type)s AND id > %(activity)s GROUP BY regarding_id
) x ON x.regarding_id = %(opportunity)s + d.i;
ANALYZE sales_opportunity;

-- step: changes of opportunities
INSERT INTO sales_opportunitychange (
    opportunity_id, at, by_id, why, from_alive, to_alive, seconds, rolled_up,
    from_stage_id, from_state, from_category, from_probability, from_amount, from_currency, from_amount_base,
    from_close_date, from_owner_id, from_team_id,
    to_stage_id, to_state, to_category, to_probability, to_amount, to_currency, to_amount_base, to_close_date, to_owner_id,
    to_team_id)
SELECT %(opportunity)s + d.i, e.at, b.owner_id, e.why, d.born < e.at, d.gone > e.at,
    CASE WHEN d.born < e.at AND f.id <> t.id THEN extract(epoch FROM e.at - b.since)::bigint END, true,
    f.id, f.state, f.category, f.probability, CASE WHEN f.id IS NOT NULL THEN b.amount END,
    CASE WHEN f.id IS NOT NULL THEN d.currency END, CASE WHEN f.id IS NOT NULL THEN round(b.amount * d.rate, 2) END,
    CASE WHEN f.id IS NOT NULL THEN b.close_date END, CASE WHEN f.id IS NOT NULL THEN b.owner_id END,
    CASE WHEN f.id IS NOT NULL THEN b.team_id END,
    t.id, t.state, t.category, t.probability, a.amount, d.currency, round(a.amount * d.rate, 2), a.close_date, a.owner_id,
    a.team_id
FROM volume_deal d
CROSS JOIN LATERAL (VALUES
    (d.born, 'create_opportunity'), (d.stage2, 'move_opportunity'), (d.stage3, 'move_opportunity'),
    (d.stage4, 'move_opportunity'), (d.raised, 'update_opportunity'), (d.lowered, 'update_opportunity'),
    (d.push1, 'update_opportunity'), (d.push2, 'update_opportunity'), (d.push3, 'update_opportunity'),
    (d.handed, 'assign_opportunity'), (d.closed, CASE WHEN d.won THEN 'win_opportunity' ELSE 'lose_opportunity' END),
    (d.gone, 'delete_opportunity')
) e (at, why)
CROSS JOIN LATERAL pg_temp.stood(d, e.at) a
CROSS JOIN LATERAL pg_temp.stood(d, e.at - interval '1 microsecond') b
JOIN volume_stage t ON t.slot = a.slot
LEFT JOIN volume_stage f ON f.slot = b.slot AND d.born < e.at
WHERE e.at < 'infinity' ORDER BY e.at;

-- step: lines of opportunities
CREATE FUNCTION pg_temp.lines(amount numeric, n int) RETURNS numeric LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE n WHEN 1 THEN round(amount * 0.6, 2) ELSE amount - round(amount * 0.6, 2) END $$;
INSERT INTO sales_opportunityline (
    opportunity_id, position, product_id, description, quantity, unit_price, discount_percent, discount_amount, tax_rate,
    net, tax, total)
SELECT o.id, n, p.id, p.name, 2, x.net / 2, 0, 0, 20, x.net, round(x.net * 0.2, 2), x.net + round(x.net * 0.2, 2)
FROM sales_opportunity o CROSS JOIN generate_series(1, 2) n CROSS JOIN LATERAL (SELECT pg_temp.lines(o.amount, n) AS net) x
JOIN sales_product p ON p.id = %(product)s + 1 + (o.id * 13 + n * %(n_families)s) %% %(sold)s
WHERE o.id > %(opportunity)s AND o.amount_from_lines;

-- step: quotes
INSERT INTO sales_quote (
    id, subject, opportunity_id, root_id, edition, status, valid_until, customer_id, account_id, contact_id, currency, net,
    discount, tax, adjustment, total, terms, sent_at, answered_at, answered_by, token_hash, owner_id, team_id, tags,
    created_at, created_by_id, changed_at, changed_by_id, version, deleted_at)
SELECT q.id, q.name, q.opportunity_id, CASE WHEN q.edition = 2 THEN q.id - 1 END, q.edition, q.status,
    CASE WHEN q.status IN ('draft', 'sent') THEN now()::date + 20 ELSE q.at::date + 30 END, q.customer_id, q.account_id,
    q.contact_id, q.currency, q.amount, 0, q.tax, 0, q.amount + q.tax, 'Payment within 30 days.',
    CASE WHEN q.status <> 'draft' THEN q.at + interval '1 hour' END,
    CASE WHEN q.status IN ('accepted', 'rejected') THEN q.closed_at END,
    CASE WHEN q.status = 'accepted' THEN 'The customer' ELSE '' END, '', q.owner_id, q.team_id, '{}', q.at, q.owner_id,
    coalesce(q.closed_at, q.at + interval '1 hour'), q.owner_id, CASE WHEN q.status = 'draft' THEN 1 ELSE 2 END, NULL
FROM (
    SELECT %(quote)s + row_number() OVER (ORDER BY o.at, o.id, n) AS id, o.id AS opportunity_id, o.name, o.customer_id,
        o.account_id, o.contact_id, o.currency, o.amount, o.owner_id, o.team_id, o.closed_at, n AS edition, o.at,
        round(pg_temp.lines(o.amount, 1) * 0.2, 2) + round(pg_temp.lines(o.amount, 2) * 0.2, 2) AS tax,
        CASE WHEN n < o.editions THEN 'superseded' WHEN o.state = 'won' THEN 'accepted'
            WHEN o.state = 'lost' THEN (ARRAY['rejected','expired'])[1 + o.id %% 2] WHEN o.id %% 4 = 0 THEN 'draft'
            ELSE 'sent' END AS status
    FROM (
        SELECT o.*, CASE WHEN o.id %% 10 = 0 THEN 2 ELSE 1 END AS editions, d.stage3 + interval '2 hours' AS at,
            sum(CASE WHEN o.id %% 10 = 0 THEN 2 ELSE 1 END) OVER (ORDER BY pg_temp.pick(d.i, 301, 1000000000), d.i) AS so_far
        FROM volume_deal d JOIN sales_opportunity o ON o.id = %(opportunity)s + d.i
        WHERE d.stage3 < 'infinity' AND d.gone = 'infinity'
    ) o CROSS JOIN LATERAL generate_series(1, o.editions) n WHERE o.so_far <= %(quotes)s
) q;
ANALYZE sales_quote;
INSERT INTO sales_quoteline (
    quote_id, position, product_id, description, quantity, unit_price, discount_percent, discount_amount, tax_rate, net, tax,
    total)
SELECT q.id, n, p.id, p.name, 2, x.net / 2, 0, 0, 20, x.net, round(x.net * 0.2, 2), x.net + round(x.net * 0.2, 2)
FROM sales_quote q CROSS JOIN generate_series(1, 2) n CROSS JOIN LATERAL (SELECT pg_temp.lines(q.net, n) AS net) x
JOIN sales_product p ON p.id = %(product)s + 1 + (q.opportunity_id * 13 + n * %(n_families)s) %% %(sold)s
WHERE q.id > %(quote)s;

-- step: sales with their credit
INSERT INTO sales_sale (
    id, document, name, opportunity_id, quote_id, customer_id, account_id, contact_id, status, progress, sold_on, currency,
    net, discount, tax, adjustment, total, total_base, cancel_reason, description, owner_id, team_id, tags, created_at,
    created_by_id, changed_at, changed_by_id, version)
SELECT o.id, 'SO-' || to_char(o.closed_at, 'YYYY') || '-'
        || to_char(o.given + row_number() OVER (PARTITION BY extract(year FROM o.closed_at) ORDER BY o.closed_at, o.id),
            'FM99900000'),
    o.name, o.opportunity_id, o.quote_id, o.customer_id, o.account_id, o.contact_id, 'active',
    (ARRAY['created','approved','delivered'])[1 + o.id %% 3], o.close_date, o.currency, o.amount, 0, o.tax, 0, o.amount + o.tax,
    round((o.amount + o.tax) * o.rate, 2), '', '', o.owner_id, o.team_id, '{}', o.closed_at, o.owner_id, o.closed_at,
    o.owner_id, 1
FROM (
    SELECT %(sale)s + row_number() OVER (ORDER BY o.closed_at, o.id) AS id, o.name, o.id AS opportunity_id, q.id AS quote_id,
        o.customer_id, o.account_id, o.contact_id, o.close_date, o.closed_at, o.currency, o.amount, o.owner_id, o.team_id,
        d.rate, coalesce(n.last, 0) AS given,
        round(pg_temp.lines(o.amount, 1) * 0.2, 2) + round(pg_temp.lines(o.amount, 2) * 0.2, 2) AS tax
    FROM volume_deal d JOIN sales_opportunity o ON o.id = %(opportunity)s + d.i
    LEFT JOIN sales_quote q ON q.opportunity_id = o.id AND q.status = 'accepted'
    LEFT JOIN sales_numberseries n ON n.key = 'SO-' || to_char(o.closed_at, 'YYYY')
    WHERE o.state = 'won' AND o.deleted_at IS NULL
) o;
ANALYZE sales_sale;
INSERT INTO sales_numberseries (key, last)
SELECT 'SO-' || to_char(sold_on, 'YYYY'), count(*) FROM sales_sale WHERE id > %(sale)s GROUP BY 1
ON CONFLICT (key) DO UPDATE SET last = sales_numberseries.last + excluded.last;
INSERT INTO sales_saleline (
    sale_id, position, product_id, description, quantity, unit_price, discount_percent, discount_amount, tax_rate, net, tax,
    total)
SELECT s.id, n, p.id, p.name, 2, x.net / 2, 0, 0, 20, x.net, round(x.net * 0.2, 2), x.net + round(x.net * 0.2, 2)
FROM sales_sale s CROSS JOIN generate_series(1, 2) n CROSS JOIN LATERAL (SELECT pg_temp.lines(s.net, n) AS net) x
JOIN sales_product p ON p.id = %(product)s + 1 + (s.opportunity_id * 13 + n * %(n_families)s) %% %(sold)s
WHERE s.id > %(sale)s;
INSERT INTO sales_credit (sale_id, user_id, team_id, kind, family, day, amount_base, count)
SELECT s.id, u.id, u.team_id, 'revenue', p.family, s.sold_on, coalesce(round(s.net * d.rate, 2), 0), 1
FROM sales_sale s JOIN core_user u ON u.id = s.owner_id JOIN volume_deal d ON d.i = s.opportunity_id - %(opportunity)s
JOIN sales_product p ON p.id = %(product)s + 1 + (s.opportunity_id * 13 + %(n_families)s) %% %(sold)s
WHERE s.id > %(sale)s;

-- step: targets
INSERT INTO sales_target (
    name, user_id, for_team_id, metric, family, period, starts_on, ends_on, value, notified, owner_id, team_id, tags,
    created_at, changed_at, version)
SELECT p.name || ' ' || to_char(q.first, '"Q"Q YYYY'), p.user_id, p.for_team_id, 'won_amount', '', 'quarter', q.first,
    (q.first + interval '3 months')::date - 1,
    round((p.share * %(opportunities)s * (0.5 + pg_temp.unit(p.id * 100 + n, 311)))::numeric, -2) + 100, '[]', p.user_id,
    p.team_id, '{}', q.first - interval '20 days', q.first - interval '20 days', 1
FROM (
    SELECT u.id, u.first_name || ' ' || u.last_name AS name, u.id AS user_id, NULL::bigint AS for_team_id, u.team_id, 11.0 AS share
    FROM core_user u WHERE u.email LIKE 'volume-%%@example.test'
    UNION ALL
    SELECT -t.id, t.name, NULL, t.id, t.id, 66.0 FROM core_team t WHERE t.name LIKE 'Volume team %%'
) p
CROSS JOIN generate_series(-6, 1) n
CROSS JOIN LATERAL (SELECT (date_trunc('quarter', now()) + n * interval '3 months')::date AS first) q;
