-- The steps of the volume's support, after the functions of records.sql: the newest cases are those not done yet.

-- step: cases
INSERT INTO support_case (
    id, subject, description, customer_id, account_id, contact_id, type, priority, status_id, category, channel, queue_id,
    resolution, close_reason, policy_why, due_at, due_metric, warn_at, breached, waiting_since, last_message_at,
    last_customer_at, last_agent_at, message_count, first_replied_at, resolved_at, first_resolved_at, closed_at, owner_id,
    team_id, tags, created_at, created_by_id, changed_at, changed_by_id, version, deleted_at)
SELECT %(case)s + c.i,
    (%(subjects)s::text[])[1 + pg_temp.pick(c.i, 303, %(n_subjects)s)] || ' ' || pg_temp.surname(pg_temp.pick(c.i, 304, 200000)),
    c.said, c.customer_id, c.account_id, c.contact_id,
    (ARRAY['question','question','problem','problem','incident','request','complaint'])[1 + pg_temp.pick(c.i, 305, 7)],
    c.priority, c.status_id, c.category, (ARRAY['email','email','email','portal','phone','web'])[1 + pg_temp.pick(c.i, 306, 6)],
    (%(queues)s::bigint[])[1 + pg_temp.pick(c.i, 307, %(n_queues)s)],
    CASE WHEN c.category = 'closed' THEN (%(notes)s::text[])[1 + pg_temp.pick(c.i, 308, %(n_notes)s)] ELSE '' END, '', '',
    CASE WHEN c.category IN ('new', 'open') THEN c.due ELSE %(never)s END,
    CASE WHEN c.category IN ('new', 'open', 'waiting') THEN 'resolution' ELSE '' END,
    CASE WHEN c.category IN ('new', 'open') THEN c.due - interval '6 hours' END,
    c.category IN ('new', 'open') AND c.due < now(), CASE WHEN c.category = 'new' THEN c.born END,
    CASE WHEN c.category = 'new' THEN c.born ELSE c.born + c.life * 0.4 END,
    c.born, CASE WHEN c.category <> 'new' THEN c.born + c.life * 0.4 END,
    CASE WHEN c.i = 1 THEN %(longest)s WHEN c.category = 'new' THEN 1 ELSE 2 + pg_temp.pick(c.i, 315, 9) END,
    CASE WHEN c.category <> 'new' THEN c.born + c.life * 0.1 END, c.ended, c.ended, c.ended, u.id, u.team_id,
    pg_temp.tagged(c.i + 17), c.born, u.id, coalesce(c.ended, c.born + c.life * 0.4), u.id, 1,
    CASE WHEN c.category = 'closed' THEN pg_temp.binned(c.i) END
FROM (
    SELECT i, cu.id AS customer_id, cu.account_id, cu.contact_id, k.category, b.born, b.life,
        CASE WHEN k.category = 'closed' THEN least(now(), b.born + b.life) END AS ended,
        CASE k.category WHEN 'new' THEN %(status_new)s WHEN 'open' THEN %(status_open)s WHEN 'waiting' THEN %(status_waiting)s
            ELSE %(status_closed)s END AS status_id,
        (ARRAY[1, 2, 2, 3, 3, 3, 3, 4])[1 + pg_temp.pick(i, 309, 8)] AS priority,
        now() + (pg_temp.unit(i, 310) - 0.2) * interval '6 days' AS due,
        (%(notes)s::text[])[1 + pg_temp.pick(i, 311, %(n_notes)s)] AS said
    FROM generate_series(1::bigint, %(cases)s) i
    CROSS JOIN LATERAL (SELECT CASE WHEN i <= %(cases)s - %(running)s THEN 'closed'
        ELSE (ARRAY['new','new','open','open','open','waiting'])[1 + pg_temp.pick(i, 301, 6)] END AS category) k
    CROSS JOIN LATERAL (SELECT pg_temp.born(i, %(cases)s) + interval '20 hours' * (pg_temp.unit(i, 312) - 1) AS born,
        (0.1 + power(pg_temp.unit(i, 302), 3) * 12) * interval '1 day' AS life OFFSET 0) b
    LEFT JOIN customers_customer cu ON cu.id = %(customer)s + CASE WHEN i %% %(every_case)s = 0 THEN 1
        ELSE 1 + pg_temp.pick(i, 313, %(customers)s) END
) c
LEFT JOIN volume_seller s ON c.category <> 'new' AND s.slot = pg_temp.seller(c.i, 59)
LEFT JOIN core_user u ON u.id = s.user_id;
ANALYZE support_case;

-- step: messages of cases
INSERT INTO support_message (
    case_id, kind, direction, channel, at, user_id, contact_id, author_name, author_email, subject, body, quoted, html,
    "to", cc, message_id, mentions)
SELECT c.id, m.kind, m.direction, CASE WHEN m.kind = 'public' THEN c.channel ELSE '' END,
    CASE n WHEN 1 THEN c.created_at
        ELSE c.first_replied_at + (c.last_message_at - c.first_replied_at) * (n - 2) / greatest(1, c.message_count - 2) END,
    CASE WHEN m.direction <> 'in' THEN c.owner_id END, CASE WHEN m.direction = 'in' THEN c.contact_id END, '', '', '',
    CASE WHEN n = 1 THEN c.description ELSE (%(notes)s::text[])[1 + pg_temp.pick(c.id * 3 + n, 314, %(n_notes)s)] END,
    '', '', '{}', '{}', '', '{}'
FROM support_case c CROSS JOIN LATERAL generate_series(1, c.message_count) n
CROSS JOIN LATERAL (SELECT CASE WHEN n %% 3 = 0 THEN 'note' ELSE 'public' END AS kind,
    (ARRAY['', 'in', 'out'])[1 + n %% 3] AS direction) m
WHERE c.id > %(case)s;
ANALYZE support_message;

-- step: clocks
INSERT INTO support_clock (
    case_id, metric, version_id, priority, state, target_seconds, used_seconds, started_at, due_at, warn_at, next_fire_at,
    paused_at, stopped_at, breached_at, over_seconds, reason, queue_id, team_id, owner_id)
SELECT c.id, 'resolution', %(version)s, c.priority, k.state, t.target,
    CASE WHEN k.state = 'running' THEN 0 ELSE least(2000000000, greatest(0, extract(epoch FROM coalesce(c.resolved_at, c.last_message_at) - c.created_at)))::int END,
    c.created_at, CASE WHEN k.state = 'running' THEN c.due_at END, CASE WHEN k.state = 'running' THEN c.warn_at END,
    CASE WHEN k.state = 'running' AND c.warn_at > now() THEN c.warn_at WHEN k.state = 'running' AND c.due_at > now() THEN c.due_at END,
    CASE WHEN k.state = 'paused' THEN c.last_message_at END, c.resolved_at,
    CASE WHEN k.state = 'breached' THEN c.created_at + t.target * interval '1 second' WHEN c.breached THEN c.due_at END,
    CASE WHEN k.state = 'breached' THEN greatest(1, extract(epoch FROM c.resolved_at - c.created_at)::int - t.target) ELSE 0 END,
    '', c.queue_id, c.team_id, c.owner_id
FROM support_case c
CROSS JOIN LATERAL (SELECT CASE WHEN c.category IN ('new', 'open')
    THEN greatest(60, extract(epoch FROM c.due_at - c.created_at)::int) ELSE 172800 * c.priority END AS target) t
CROSS JOIN LATERAL (SELECT CASE WHEN c.category IN ('new', 'open') THEN 'running' WHEN c.category = 'waiting' THEN 'paused'
    WHEN extract(epoch FROM c.resolved_at - c.created_at) > t.target THEN 'breached' ELSE 'met' END AS state) k
WHERE c.id > %(case)s;
ANALYZE support_clock;

-- step: segments of clocks
INSERT INTO support_clocksegment (clock_id, state, started_at, ended_at, why)
SELECT k.id, 'running', k.started_at, coalesce(k.stopped_at, k.paused_at), '' FROM support_clock k WHERE k.case_id > %(case)s
UNION ALL
SELECT k.id, 'paused', k.paused_at, NULL, 'Waiting for customer' FROM support_clock k
WHERE k.case_id > %(case)s AND k.state = 'paused';

-- step: what customers have and what is known of it
INSERT INTO support_installedproduct (
    name, product_id, serial, version_name, customer_id, account_id, contact_id, bought_on, description, owner_id, team_id,
    tags, created_at, created_by_id, changed_at, changed_by_id, version)
SELECT p.name, p.id, 'SN-' || (%(case)s + i), '', cu.id, cu.account_id, cu.contact_id, now()::date - 400, '', u.id, u.team_id,
    pg_temp.tagged(i), now() - i * interval '1 minute', u.id, now() - i * interval '1 minute', u.id, 1
FROM generate_series(1, %(things)s) i
CROSS JOIN LATERAL (SELECT id, name FROM sales_product OFFSET pg_temp.pick(i, 401, 50) LIMIT 1) p
JOIN customers_customer cu ON cu.id = %(customer)s + 1 + pg_temp.pick(i, 402, %(customers)s)
LEFT JOIN volume_seller s ON s.slot = pg_temp.seller(i, 59)
LEFT JOIN core_user u ON u.id = s.user_id;
INSERT INTO support_entitlement (
    name, customer_id, account_id, product_id, starts_on, ends_on, cases_total, cases_used, minutes_used, description,
    owner_id, team_id, tags, created_at, created_by_id, changed_at, changed_by_id, version)
SELECT 'Contract ' || n.serial, n.customer_id, n.account_id, n.product_id, n.bought_on, n.bought_on + 730, 12, 0, 0, '',
    n.owner_id, n.team_id, n.tags, n.created_at, n.created_by_id, n.changed_at, n.changed_by_id, 1
FROM support_installedproduct n WHERE n.serial LIKE 'SN-%%';
INSERT INTO support_knownissue (
    name, product_id, versions, state, workaround, description, fixed_in, owner_id, team_id, tags, created_at,
    created_by_id, changed_at, changed_by_id, version)
SELECT 'Trouble ' || n.serial, n.product_id, 'all', 'open', '', '', '', n.owner_id, n.team_id, n.tags, n.created_at,
    n.created_by_id, n.changed_at, n.changed_by_id, 1
FROM support_installedproduct n WHERE n.serial LIKE 'SN-%%';
INSERT INTO support_article (
    name, summary, body, category, audience, state, product_id, helpful, unhelpful, owner_id, team_id, tags, created_at,
    created_by_id, changed_at, changed_by_id, version)
SELECT 'About ' || n.serial, '', 'Turn it off and on again.', 'Volume', 'internal', 'draft', n.product_id, 0, 0,
    n.owner_id, n.team_id, n.tags, n.created_at, n.created_by_id, n.changed_at, n.changed_by_id, 1
FROM support_installedproduct n WHERE n.serial LIKE 'SN-%%';
INSERT INTO support_dealregistration (
    name, partner_id, domain, state, decision_note, description, owner_id, team_id, tags, created_at, created_by_id,
    changed_at, changed_by_id, version)
SELECT 'Prospect ' || n.serial, a.id, '', 'pending', '', '', n.owner_id, n.team_id, n.tags, n.created_at,
    n.created_by_id, n.changed_at, n.changed_by_id, 1
FROM support_installedproduct n
CROSS JOIN LATERAL (SELECT id FROM customers_account WHERE is_partner AND deleted_at IS NULL LIMIT 1) a
WHERE n.serial LIKE 'SN-%%';
ANALYZE support_installedproduct, support_entitlement, support_knownissue, support_article, support_dealregistration;
