-- Raw webhooks are kept for a time. Whole weeks go, which costs nothing; what still waits to be applied keeps its week.

-- How many weeks it dropped. Notes about bodies that are gone go too.
CREATE FUNCTION prune_webhooks(before timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public SET lock_timeout = '1s'
AS $$
DECLARE
  part    text;
  week    timestamptz;
  dropped integer := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('treeex.ensure_partitions'));
  FOR part, week IN
    SELECT c.relname, to_date(right(c.relname, 7), 'IYYY"w"IW')::timestamp AT TIME ZONE 'UTC'
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'public.webhook_inbox'::regclass AND c.relname ~ '^webhook_inbox_\d{4}w\d{2}$'
    ORDER BY c.relname
  LOOP
    CONTINUE WHEN week + interval '1 week' > before;
    CONTINUE WHEN EXISTS (SELECT FROM public.webhook_jobs
                          WHERE inbox_id >= public.uuid_floor(week)
                            AND inbox_id < public.uuid_floor(week + interval '1 week'));
    EXECUTE format('DROP TABLE public.%I', part);
    DELETE FROM public.webhook_failures
    WHERE inbox_id >= public.uuid_floor(week) AND inbox_id < public.uuid_floor(week + interval '1 week');
    dropped := dropped + 1;
  END LOOP;
  RETURN dropped;
END $$;
REVOKE ALL ON FUNCTION prune_webhooks(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION prune_webhooks(timestamptz) TO treeex_worker;
