import type { Pool } from 'pg'
import { newId } from '../ids.ts'

/** Taken while the schema is made, so that of several starters one applies and the others wait. */
const migrationLock = 7_270_737_001

/**
 * `data` is JSON, not JSONB: that refuses the escape \u0000, which a generated text may well hold.
 *
 * The sequence gives a position before commit, so two writers at once could commit out of order and a reader would pass
 * the lower one. `bus.publish` therefore takes a lock that PostgreSQL releases after the commit is visible: whoever sees
 * a position sees all below it. The function keeps the lock for one round trip only. The second form of it announces which
 * topics have grown (`Growth` in bell.ts), on a channel of its own: whoever listens to the first one reads every 2 s.
 */
const migrations: readonly string[] = [
  `
  CREATE TABLE bus.identity (id TEXT PRIMARY KEY);

  CREATE TABLE bus.topic (
    name TEXT PRIMARY KEY,
    floor BIGINT NOT NULL DEFAULT 0
  );

  CREATE TABLE bus.event (
    position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    topic TEXT NOT NULL,
    key TEXT NOT NULL,
    project TEXT NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    data JSON NOT NULL,
    traceparent TEXT,
    published_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
  );
  CREATE INDEX event_key_position ON bus.event (key, position);
  CREATE INDEX event_topic_position ON bus.event (topic, position);

  CREATE FUNCTION bus.publish(
    ids TEXT[], topics TEXT[], keys TEXT[], projects TEXT[], ats TIMESTAMPTZ[], datas TEXT[], traceparents TEXT[]
  ) RETURNS void LANGUAGE plpgsql AS $$
  DECLARE newest BIGINT;
  BEGIN
    PERFORM pg_advisory_xact_lock(7270737002);
    INSERT INTO bus.topic (name) SELECT DISTINCT unnest(topics) ON CONFLICT DO NOTHING;
    WITH kept AS (
      INSERT INTO bus.event (id, topic, key, project, at, data, traceparent)
      SELECT d.id, d.topic, d.key, d.project, d.at, d.data::json, d.traceparent
      FROM unnest(ids, topics, keys, projects, ats, datas, traceparents) WITH ORDINALITY
        AS d (id, topic, key, project, at, data, traceparent, n)
      ORDER BY d.n
      ON CONFLICT (id) DO NOTHING
      RETURNING position
    )
    SELECT max(position) INTO newest FROM kept;
    IF newest IS NOT NULL THEN
      PERFORM pg_notify('bus_event', newest::text);
    END IF;
  END $$;
  `,
  `
  CREATE OR REPLACE FUNCTION bus.publish(
    ids TEXT[], topics TEXT[], keys TEXT[], projects TEXT[], ats TIMESTAMPTZ[], datas TEXT[], traceparents TEXT[]
  ) RETURNS void LANGUAGE plpgsql AS $$
  DECLARE growth JSON;
  BEGIN
    PERFORM pg_advisory_xact_lock(7270737002);
    INSERT INTO bus.topic (name) SELECT DISTINCT unnest(topics) ON CONFLICT DO NOTHING;
    WITH kept AS (
      INSERT INTO bus.event (id, topic, key, project, at, data, traceparent)
      SELECT d.id, d.topic, d.key, d.project, d.at, d.data::json, d.traceparent
      FROM unnest(ids, topics, keys, projects, ats, datas, traceparents) WITH ORDINALITY
        AS d (id, topic, key, project, at, data, traceparent, n)
      ORDER BY d.n
      ON CONFLICT (id) DO NOTHING
      RETURNING position, topic
    )
    SELECT json_build_object('position', max(position)::text, 'topics', json_agg(DISTINCT topic))
      INTO growth FROM kept HAVING count(*) > 0;
    IF growth IS NOT NULL THEN
      PERFORM pg_notify('bus_growth', growth::text);
    END IF;
  END $$;
  `,
]

/** Brings the schema `bus` up to date and answers with the identity of this log. */
export async function migrateBus(pool: Pool): Promise<string> {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await client.query('SELECT pg_advisory_xact_lock($1)', [migrationLock])
    await client.query('CREATE SCHEMA IF NOT EXISTS bus')
    await client.query('CREATE TABLE IF NOT EXISTS bus.migration (version INT PRIMARY KEY)')
    const applied = await client.query<{ version: number }>('SELECT version FROM bus.migration')
    const versions = new Set(applied.rows.map(row => row.version))
    for (const [version, sql] of migrations.entries()) {
      if (versions.has(version)) continue
      await client.query(sql)
      await client.query('INSERT INTO bus.migration (version) VALUES ($1)', [version])
    }
    const known = await client.query<{ id: string }>('SELECT id FROM bus.identity')
    const id = known.rows[0]?.id ?? newId('bus')
    if (known.rows.length === 0) await client.query('INSERT INTO bus.identity (id) VALUES ($1)', [id])
    await client.query('COMMIT')
    return id
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
}
