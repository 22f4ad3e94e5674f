// How long the conversations that a killed replica worked on stand still, until another replica goes on with them.
import { query } from './query.ts';

/** Notes what happens to the lanes of killed replicas. */
export interface Takeovers {
  /** To be called right before a replica is killed. @param name of the replica, as the database knows it */
  killing(name: string): Promise<void>;
  /** Of each lane that a killed replica held: milliseconds from the kill until another replica took it. */
  standstillsMs(): Promise<readonly number[]>;
}

/** A lease that finds an owner is taken from a replica that died: one that lives lets go of its lanes. */
const NOTE_TAKEOVERS = `
  create table lane_takeover (replica int, at timestamptz default clock_timestamp());
  create function note_takeover() returns trigger language plpgsql as $$
    begin insert into lane_takeover (replica) values (old.owner); return null; end $$;
  create trigger note_takeover after update on lane for each row
    when (old.owner is not null and new.epoch > old.epoch) execute function note_takeover();`;

/** A replica that works holds a lock on its id (`src/inbox/replica-rows.ts`). */
const ID_OF_REPLICA = `
  select objid::bigint::int as id from pg_locks join pg_stat_activity using (pid)
  where locktype = 'advisory' and classid = x'0f41'::int and objsubid = 2 and granted and application_name = $1`;

/** Begins to note. @param url of the bridge's database */
export async function noteTakeovers(url: string): Promise<Takeovers> {
  const killedAtMs = new Map<number, number>();
  await query(url, NOTE_TAKEOVERS);
  return {
    async killing(name) {
      const [replica] = await query<{ id: number }>(url, ID_OF_REPLICA, [name]);
      if (replica !== undefined) killedAtMs.set(replica.id, Date.now());
    },
    async standstillsMs() {
      const takeovers = await query<{ replica: number; at: Date }>(url, 'select * from lane_takeover');
      return takeovers.flatMap(({ replica, at }) => {
        const killed = killedAtMs.get(replica);
        return killed === undefined ? [] : [at.getTime() - killed];
      });
    },
  };
}
