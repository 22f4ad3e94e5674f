// After the faults: waits until both sides agree and nothing is left to do, and says what is wrong then.
import { setTimeout as sleep } from 'node:timers/promises';
import { fhirReader, MATRIX_READER } from '../../../src/flows/reader-names.ts';
import { waitUntil } from '../../../stack/wait.ts';
import type { Cast } from './cast.ts';
import { judge, type Finding } from './judge.ts';
import type { Landscape } from './landscape.ts';
import { look } from './look.ts';
import { query } from './query.ts';
import type { SentConversation } from './sent.ts';

/** How long the bridge may take, after all is mended, until both sides agree. */
const PATIENCE_MS = 300_000;
const READ_AGAIN = ['Communication', 'CommunicationRequest'] as const;

/** Waits until both sides agree and the bridge has nothing left to do; then looks once more. */
export async function settle(
  landscape: Pick<Landscape, 'database'>,
  cast: Cast,
  conversations: readonly SentConversation[],
): Promise<readonly Finding[]> {
  const files = new Map<string, string>();
  const lookers = { ...cast, files };
  const compare = async (): Promise<readonly Finding[]> => {
    const each = conversations.map(async (conversation) =>
      judge(conversation, await look(lookers, conversation)),
    );
    return (await Promise.all(each)).flat();
  };
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const before = await leftToDo(landscape);
    const findings = before === 0 ? await compare() : [];
    const isQuiet = before === 0 && (await leftToDo(landscape)) === 0;
    const isLate = performance.now() > deadline;
    if (isQuiet && findings.length === 0) break;
    if (isLate) return [...(await compare()), ...(await explain(landscape))];
    await sleep(100);
  }
  const notRead = await allReadAgain(landscape);
  return [...notRead, ...(await compare()), ...(await deadLetters(landscape))];
}

/** Has the readers pass once more: what was carried must not be carried again. A reader that does not pass is a finding. */
async function allReadAgain({ database }: Pick<Landscape, 'database'>): Promise<readonly Finding[]> {
  const asked = new Date();
  await query(
    database.url,
    `select pg_notify('bridge_matrix', ''), pg_notify('bridge_fhir', type) from unnest($1::text[]) as type`,
    [READ_AGAIN],
  );
  const readers = [MATRIX_READER, ...READ_AGAIN.map(fhirReader)];
  const havePassed = waitUntil(
    async () => {
      const [row] = await query<{ again: number }>(
        database.url,
        'select count(*)::int as again from reader_cursor where reader = any($1) and advanced_at >= $2',
        [readers, asked],
      );
      return row?.again === readers.length;
    },
    { what: `${readers.join(', ')} pass again`, timeoutMs: 60_000, everyMs: 50 },
  );
  return havePassed.then(
    () => [],
    (error: unknown): readonly Finding[] => [{ what: 'unexplained', about: String(error) }],
  );
}

async function leftToDo({ database }: Pick<Landscape, 'database'>): Promise<number> {
  const [row] = await query<{ left: number }>(
    database.url,
    `select (select count(*) from lane where head < tail)::int + (select count(*) from matrix_arrival)::int
       + (select count(*) from waiting_item)::int + (select count(*) from write_back)::int as left`,
  );
  return row?.left ?? 0;
}

/** Every dead letter is one too many: nothing that happens here is for good. */
async function deadLetters({ database }: Pick<Landscape, 'database'>): Promise<readonly Finding[]> {
  const rows = await query<{ about: string }>(
    database.url,
    `delete from dead_letter returning concat_ws(' ', 'dead letter', lane_key, error_code, error_message) as about`,
  );
  return rows.map(({ about }) => ({ what: 'unexplained', about }));
}

/** What the bridge would still do, and why it does not. */
async function explain(landscape: Pick<Landscape, 'database'>): Promise<readonly Finding[]> {
  const rows = await query<{ about: string }>(
    landscape.database.url,
    `select concat_ws(' ', 'lane', lane.key, tail - head, 'left,', attempts, 'attempts,', last_error_code,
       last_error_message, item.source_id) as about
     from lane join item on item.lane_id = lane.id and item.position = head + 1 where head < tail
     union all select concat_ws(' ', 'write-back', communication) from write_back
     union all select concat_ws(' ', 'arrival', event_id, room_id) from matrix_arrival
     union all select concat_ws(' ', 'waiting', to_jsonb(waiting_item)::text) from waiting_item limit 20`,
  );
  return [
    ...rows.map(({ about }): Finding => ({ what: 'unexplained', about })),
    ...(await deadLetters(landscape)),
  ];
}
