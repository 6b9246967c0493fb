-- Room on each page, so that what is changed once soon after it was written is changed there, and no index is touched.

-- A claim moves `available_at`. Looking for due jobs in the order in which they came needs no index of its own.
DROP INDEX webhook_jobs_available;
ALTER TABLE webhook_jobs SET (fillfactor = 50);

-- The messages of a page are sent, and so delivered, together: their statuses come in one batch, and each needs a place.
CREATE OR REPLACE FUNCTION ensure_partitions(ahead integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE
  parent  text;
  week    timestamptz;
  part    text;
  options text;
  made    integer := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('treeex.ensure_partitions'));
  FOR parent IN
    SELECT c.relname FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid
    WHERE c.relnamespace = 'public'::regnamespace ORDER BY c.relname
  LOOP
    options := CASE parent WHEN 'messages' THEN ' WITH (fillfactor = 50)' ELSE '' END;
    FOR week IN
      SELECT generate_series(date_trunc('week', now(), 'UTC') - interval '1 week',
                             date_trunc('week', now(), 'UTC') + ahead * interval '1 week', interval '1 week')
    LOOP
      part := format('%s_%s', parent, to_char(week AT TIME ZONE 'UTC', 'IYYY"w"IW'));
      CONTINUE WHEN to_regclass('public.' || quote_ident(part)) IS NOT NULL;
      EXECUTE format('CREATE TABLE public.%I PARTITION OF public.%I FOR VALUES FROM (%L) TO (%L)%s',
                     part, parent, public.uuid_floor(week), public.uuid_floor(week + interval '1 week'), options);
      EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', part);
      made := made + 1;
    END LOOP;
    part := parent || '_default';
    CONTINUE WHEN to_regclass('public.' || quote_ident(part)) IS NOT NULL;
    EXECUTE format('CREATE TABLE public.%I PARTITION OF public.%I DEFAULT%s', part, parent, options);
    EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', part);
    made := made + 1;
  END LOOP;
  RETURN made;
END $$;

DO $$
DECLARE
  part text;
BEGIN
  FOR part IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'public.messages'::regclass LOOP
    EXECUTE format('ALTER TABLE %s SET (fillfactor = 50)', part);
  END LOOP;
END $$;

-- Events are found in the order in which they are read, and by their subject; nobody asks for one by its id alone.
ALTER TABLE events DROP CONSTRAINT events_pkey, ADD PRIMARY KEY (workspace_id, xid, id);
DROP INDEX events_feed;
