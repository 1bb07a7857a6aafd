import type { FieldDialect } from '../field-indexes.keeper.js';
import { insertValues, keyColumns, STATE, valueIndexes } from '../field-values.sql.js';
import { parsed } from './postgres.condition.js';
import { postgresSorting } from './postgres.sorting.js';
import { TEXTS_OF } from './postgres.sql.js';

/*
 * An index on an expression would be of no help here: row-level security lets none be asked for what a function makes of a
 * row before it has looked at the row's tenant. Plain columns may be asked for.
 */

/** Any number that nobody else is likely to use: the tables are made by one server at a time. */
const MAKE_LOCK = 2_053_101_478;

const PARTS = postgresSorting.ofDocument('v.value');
const TYPES = ['integer', 'float8', 'text COLLATE "C"'];
const COLUMNS = keyColumns(PARTS).map((name, place) => `${name} ${TYPES[place]} NOT NULL`);

const valueIn = (row: string): string =>
  `CROSS JOIN LATERAL (SELECT ${parsed(`${row}.data`)} #> f.path AS value OFFSET 0) AS v`;

const MAKE = `DO $make$ BEGIN
  IF to_regclass('atome_field_values') IS NOT NULL THEN RETURN; END IF;
  CREATE TABLE atome_field_indexes (name varchar(16) PRIMARY KEY, kind varchar(64) NOT NULL, path text[] NOT NULL,
    state integer NOT NULL, tenant varchar(128) NOT NULL, seq bigint NOT NULL);
  CREATE TABLE atome_field_values (field_tenant varchar(128) NOT NULL, field varchar(16) NOT NULL, ${COLUMNS.join(', ')},
    field_seq bigint NOT NULL, atome_id varchar(128) COLLATE "C" NOT NULL, PRIMARY KEY (field_tenant, atome_id, field));
  ${valueIndexes(PARTS).join('; ')};
  ALTER TABLE atome_field_values ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
  CREATE POLICY "one_tenant" ON atome_field_values USING (field_tenant = current_setting('atome.tenant', true));
  CREATE POLICY "for_dumps" ON atome_field_values FOR SELECT USING (current_setting('atome.dump', true) = 'on');
  CREATE FUNCTION atome_field_keep() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $keep$ BEGIN
    IF TG_OP = 'UPDATE' THEN DELETE FROM atome_field_values WHERE field_tenant = NEW.tenant AND atome_id = NEW.id; END IF;
    IF NEW.deleted_at IS NULL THEN
      ${insertValues(PARTS, 'NEW', `atome_field_indexes AS f ${valueIn('NEW')}`)} WHERE f.kind = NEW.kind AND f.state < ${STATE.leaving};
    END IF;
    RETURN NULL;
  END $keep$;
  CREATE TRIGGER "field_values" AFTER INSERT OR UPDATE ON atome_atomes FOR EACH ROW EXECUTE FUNCTION atome_field_keep();
END $make$`;

/** How PostgreSQL keeps the values of indexed fields. */
export const postgresFields: FieldDialect = {
  parts: PARTS,
  isThere: `SELECT 1 FROM pg_class WHERE oid = to_regclass('atome_field_values')`,
  // one whose transaction began before a definition may not have seen it: who fills in waits for those that write
  enter: (tenant) => [
    [`SELECT set_config('atome.tenant', ?, true)`, tenant],
    ['SELECT 1 FROM atome_ledgers WHERE tenant = ? FOR UPDATE', tenant],
  ],
  // a write that takes long is not waited for: others would wait behind this
  make: [['SET LOCAL lock_timeout = 500'], [`SELECT pg_advisory_xact_lock(${MAKE_LOCK})`], [MAKE]],
  define: `INSERT INTO atome_field_indexes (name, kind, path, state, tenant, seq)
    VALUES (?, ?, ARRAY(${TEXTS_OF}), ${STATE.building}, '', 0) ON CONFLICT DO NOTHING`,
  pathOf: (keys) => JSON.stringify(keys),
  settle: [['ANALYZE atome_field_values']],
  beside: ` ${valueIn('a')} `,
};
