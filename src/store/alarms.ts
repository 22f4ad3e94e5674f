// The table of alarms: what is wrong until somebody, or the bridge, has put it right; and those that other tables tell of.
import { select, type Queryable } from './database.ts';

/** What may be wrong. */
export type AlarmName =
  /** The FHIR server was put back to an earlier state. */
  | 'fhir-restored'
  /** Resources are gone whose rooms still have their members. */
  | 'resources-gone';

/** An alarm that is raised. */
export interface Alarm {
  readonly name: AlarmName;
  /** The service of `/health` that it degrades. */
  readonly service: string;
  readonly raisedAt: Date;
}

/** All alarms that are raised. */
export async function readAlarms(db: Queryable): Promise<readonly Alarm[]> {
  const sql = `select name, service, raised_at from alarm
    union all
    select 'resources-gone', 'fhir', min(gone_since) from room
    where gone_since is not null and phase <> 'closed' having count(*) > 0
    order by name`;
  return select<Alarm>(db, sql);
}

/** Raises an alarm; one that is raised already begins anew. */
export async function raiseAlarm(db: Queryable, { name, service, raisedAt }: Alarm): Promise<void> {
  const sql = `insert into alarm (name, service, raised_at) values ($1, $2, $3)
    on conflict (name) do update set service = excluded.service, raised_at = excluded.raised_at`;
  await db.query(sql, [name, service, raisedAt]);
}

/** Clears an alarm that was raised before an instant. */
export async function clearAlarm(db: Queryable, name: AlarmName, before: Date): Promise<void> {
  await db.query('delete from alarm where name = $1 and raised_at <= $2', [name, before]);
}
