// The local table follows a directory, whatever is killed on the way: on a real PostgreSQL, with a directory that pages as they do.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DirectoryPage, DirectoryRecord } from '../../../src/identity/directories/directory.ts';
import type { SyncProgress, SyncStore } from '../../../src/identity/directories/sync.ts';
import { syncOnce } from '../../../src/identity/directories/sync.ts';
import { inTransaction } from '../../../src/inbox/database.ts';
import { readCursor, saveCursor } from '../../../src/store/cursors.ts';
import {
  findUnseenRecords,
  removeIdentityRecords,
  saveIdentityRecords,
} from '../../../src/store/identity-records.ts';
import { recordingLog } from '../../builders/log.ts';
import { userId } from '../../builders/matrix.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { localDirectory, threepid } from './identity-database.ts';

const pool = useBridgeDatabase();
const signal = new AbortController().signal;

/** The store as the composition root makes it. */
function syncStore(directory: string): SyncStore {
  const cursor = `identity:${directory}`;
  return {
    readPosition: () => readCursor(pool(), cursor),
    unseen: (pass, limit) => findUnseenRecords(pool(), directory, pass, limit),
    save: ({ records, gone, seenIn, position }) =>
      inTransaction(pool(), async (tx) => {
        await saveIdentityRecords(tx, directory, records, seenIn);
        await removeIdentityRecords(tx, directory, gone);
        await saveCursor(tx, cursor, position);
      }),
  };
}

/** Whom a directory holds: key → the number of their user id, e-mail address and name. */
type People = Map<string, number>;

const recordOf = (key: string, number: number | undefined): DirectoryRecord => ({
  key,
  entry:
    number === undefined
      ? undefined
      : {
          userId: userId(`@u${number}:hs.nl`),
          displayName: `Jan ${number}`,
          threepids: [threepid(`email u${number}@hs.nl`), threepid('role_code 01.015')],
          reference: undefined,
        },
});

interface Position {
  readonly pass?: number;
  readonly first?: number;
  readonly after?: string;
  readonly began?: number;
  readonly since?: number;
}

/**
 * Pages by offset, as Keycloak does, so that who comes or goes moves the others; or, `followsChanges`, makes one pass in
 * which a page begins where the last one ended, and then tells what has changed, as mCSD does.
 */
function createModel(pageSize: number, followsChanges: boolean) {
  const people: People = new Map();
  const changes: string[] = [];
  let passes = 0;
  let forgotten = 0;
  const page = (position: string | undefined): DirectoryPage => {
    const { pass, first, since, began, after } = JSON.parse(position ?? '{}') as Position;
    if (since !== undefined && since >= forgotten && followsChanges) {
      const keys = changes.slice(since, since + pageSize);
      const next = JSON.stringify({ since: since + keys.length });
      return {
        records: keys.map((key) => recordOf(key, people.get(key))),
        position: next,
        done: since + keys.length >= changes.length,
        pass: undefined,
      };
    }
    const own = pass ?? (passes += 1);
    const all = [...people.keys()].sort();
    const offset = followsChanges ? all.findIndex((key) => key > (after ?? '')) : (first ?? 0);
    const keys = offset < 0 ? [] : all.slice(offset, offset + pageSize);
    // What changes during the pass is read after it.
    const changesRead = began ?? changes.length;
    return {
      records: keys.map((key) => recordOf(key, people.get(key))),
      ...(keys.length < pageSize
        ? { position: JSON.stringify(followsChanges ? { since: changesRead } : {}), done: true }
        : {
            position: JSON.stringify({
              ...{ pass: own, first: offset + keys.length, after: keys.at(-1), began: changesRead },
            }),
            done: false,
          }),
      pass: `pass ${own}`,
    };
  };
  return {
    people,
    set(key: string, number: number | undefined): void {
      changes.push(key);
      if (number === undefined) people.delete(key);
      else people.set(key, number);
    },
    /** The directory keeps its history no longer: who was behind has to read everyone. */
    forget(): void {
      forgotten = changes.length;
    },
    list: (position: string | undefined) => Promise.resolve(page(position)),
    read: (keys: readonly string[]) => Promise.resolve(keys.map((key) => recordOf(key, people.get(key)))),
  };
}

type Model = ReturnType<typeof createModel>;

/** Runs the sync; at the given step everything ends, before the step's effect or after it. */
async function run(model: Model, name: string, crash?: { step: number; after: boolean }): Promise<void> {
  let steps = 0;
  const step = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    const isLast = crash?.step === steps++;
    if (isLast && !crash.after) throw new Error('killed');
    const result = await work();
    if (isLast) throw new Error('killed');
    return result;
  };
  const store = syncStore(name);
  await syncOnce(
    {
      directory: {
        name,
        list: (position) => step(() => model.list(position)),
        read: (keys) => step(() => model.read(keys)),
      },
      store: {
        readPosition: () => step(store.readPosition),
        save: (page) => step(() => store.save(page)),
        unseen: (pass, limit) => step(() => store.unseen(pass, limit)),
      },
      log: recordingLog(),
      onProgress: () => undefined,
    },
    signal,
  );
}

/** Whom the table holds, as the model does. */
async function stored(name: string): Promise<People> {
  const { rows } = await pool().query<{ record: string; user_id: string; address: string }>(
    `select record, person.user_id, address from identity_person as person join identity using (directory, record)
     where directory = $1 and medium = 'email' order by record`,
    [name],
  );
  return new Map(
    rows.map(({ record, user_id, address }) => {
      const number = Number(/\d+/.exec(user_id)?.[0]);
      expect(address).toBe(`u${number}@hs.nl`);
      return [record, number];
    }),
  );
}

const sorted = (people: People): readonly (readonly [string, number])[] =>
  [...people].sort(([a], [b]) => (a < b ? -1 : 1));

describe.each([
  ['a directory that is read whole each time', false],
  ['a directory that tells its changes', true],
])('%s', (_, followsChanges) => {
  test('is in the table, and so are its changes and removals', async () => {
    const model = createModel(3, followsChanges);
    for (let n = 0; n < 8; n += 1) model.set(`k${n}`, n);
    await run(model, 'dir');
    expect(sorted(await stored('dir'))).toEqual(sorted(model.people));

    model.set('k1', undefined);
    model.set('k2', 22);
    model.set('k9', 9);
    await run(model, 'dir');
    expect(sorted(await stored('dir'))).toEqual(sorted(model.people));
  });

  test.each([false, true])(
    'killed at each step in turn (after its effect: %s), it still removes',
    async (after) => {
      for (let step = 0; step < 12; step += 1) {
        const name = `dir${step}`;
        const model = createModel(2, followsChanges);
        for (let n = 0; n < 5; n += 1) model.set(`k${n}`, n);
        await run(model, name);
        model.set('k3', undefined);
        model.forget();
        await run(model, name, { step, after }).catch(() => undefined);
        await run(model, name);
        expect(sorted(await stored(name))).toEqual(sorted(model.people));
      }
    },
  );

  test('killed anywhere, any number of times, the table ends equal to the directory', async () => {
    const change = fc.record({
      key: fc.integer({ min: 0, max: 11 }),
      number: fc.option(fc.integer({ min: 0, max: 99 }), { nil: undefined }),
    });
    const kill = fc.record({ step: fc.integer({ min: 0, max: 14 }), after: fc.boolean() });
    const scene = fc.array(
      fc.record({ changes: fc.array(change, { maxLength: 8 }), forgets: fc.boolean(), kill }),
      {
        minLength: 1,
        maxLength: 6,
      },
    );
    let count = 0;
    await fc.assert(
      fc.asyncProperty(scene, fc.integer({ min: 1, max: 5 }), async (rounds, pageSize) => {
        const name = `dir${followsChanges ? 'c' : 'p'}${(count += 1)}`;
        const model = createModel(pageSize, followsChanges);
        for (const round of rounds) {
          for (const { key, number } of round.changes) model.set(`k${key}`, number);
          if (round.forgets) model.forget();
          await run(model, name, round.kill).catch((error: unknown) => {
            expect(error).toMatchObject({ message: 'killed' });
          });
        }
        await run(model, name);
        // A pass that was under way when the last change came may end before it; the next run sees it.
        await run(model, name);
        expect(sorted(await stored(name))).toEqual(sorted(model.people));
      }),
      { numRuns: 40 },
    );
  });
});

test('what is read tells how far it has come, and is found', async () => {
  const model = createModel(2, false);
  for (let n = 0; n < 5; n += 1) model.set(`k${n}`, n);
  const log = recordingLog();
  const progress: SyncProgress[] = [];
  const read = await syncOnce(
    {
      directory: { name: 'dir', ...model },
      store: syncStore('dir'),
      log,
      onProgress: (one) => progress.push(one),
    },
    signal,
  );
  expect(read).toBe(5);
  expect(progress.map((one) => one.saved)).toEqual([2, 4, 5, 5, 5]);
  expect(progress.at(-1)).toEqual({ directory: 'dir', read: 5, saved: 5, removed: 0, done: true });
  expect(log.lines[0]?.fields).toEqual(progress.at(-1));
  const local = localDirectory(pool());
  expect(await local.resolve(threepid('email u3@hs.nl'), signal)).toEqual({
    kind: 'found',
    userId: '@u3:hs.nl',
  });
  expect(await local.search('jan', 10, signal)).toHaveLength(5);
});
