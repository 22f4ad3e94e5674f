// Communications were sent into their rooms → the ids of their events are added to their identifiers, many in one transaction of the
// FHIR server, and not at once: a platform that goes on with its record meets no version of the bridge's then.
import type { ClientBase } from 'pg';
import type { Communication, ResourceVersion } from '../../domain/fhir.ts';
import type { StoredResource } from '../../fhir/server.ts';
import type { NewItem } from '../../inbox/item.ts';
import { withEventId } from '../../messages/envelope.ts';
import type { WriteBack } from '../../store/write-backs.ts';
import { BridgeError } from '../../telemetry/errors.ts';
import type { Bridge } from '../bridge.ts';
import { writeBackItem } from '../items/write-back.ts';
import { itemsOfGone } from './write-back.ts';
import { itemsOfWrittenOver } from './written-over.ts';

type WritingBack = Pick<
  Bridge,
  'clock' | 'db' | 'enqueue' | 'fhir' | 'log' | 'settings' | 'store' | 'thread' | 'transact'
>;

/** In one transaction of the FHIR server. */
const MOST_AT_ONCE = 25;
/** A server that does not take a transaction, for whatever reason but a conflict, is not asked for one again for so long. */
const ALONE_FOR_MS = 10 * 60_000;

/** Creates what writes back all that is due. It returns how many that were. */
export function createWriteBackDue(bridge: WritingBack): (signal: AbortSignal) => Promise<number> {
  const { clock, db, log, settings, store } = bridge;
  const due = { olderThanMs: settings.writeBackDelayMs, most: MOST_AT_ONCE };
  let aloneUntilMs = -Infinity;

  async function write(some: readonly WriteBack[], signal: AbortSignal): Promise<void> {
    if (clock.monotonicMs() < aloneUntilMs) return leaveToItems(bridge, some);
    try {
      await writeTogether(bridge, some, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof BridgeError)) throw error;
      const { code, message: detail } = error;
      if (some.length > 1 && code !== 'fhir-conflict') aloneUntilMs = clock.monotonicMs() + ALONE_FOR_MS;
      log.info({ code, detail, count: some.length }, 'Event ids are written back one by one');
      await leaveToItems(bridge, some);
    }
  }

  return async (signal) => {
    let done = 0;
    for (;;) {
      const some = await store.writeBacks.findDueWriteBacks(db, due);
      if (some.length > 0) await write(some, signal);
      done += some.length;
      if (some.length < due.most) return done;
    }
  };
}

/** What one of them is refused for is told by its own item, which is tried again, or a dead letter in the end. */
async function leaveToItems(
  { enqueue, store, transact }: WritingBack,
  some: readonly WriteBack[],
): Promise<void> {
  await transact(async (tx) => {
    await store.writeBacks.removeWriteBacks(tx, some);
    await enqueue(
      tx,
      some.map(({ reference, eventId }) => writeBackItem(reference, eventId)),
    );
  });
}

async function writeTogether(
  bridge: WritingBack,
  some: readonly WriteBack[],
  signal: AbortSignal,
): Promise<void> {
  const { enqueue, fhir, store, transact } = bridge;
  const references = some.map(({ reference }) => reference);
  const present = await fhir.readMany(references, signal);
  const before: StoredResource<Communication>[] = [];
  const after: StoredResource<Communication>[] = [];
  for (const { reference, eventId } of some) {
    const found = present.get(reference);
    const updated = found?.resourceType === 'Communication' ? withEventId(found, eventId) : undefined;
    if (found?.resourceType !== 'Communication' || updated === undefined) continue;
    before.push(found);
    after.push({ ...updated, id: found.id, meta: found.meta });
  }
  const written = await update(bridge, after, signal);
  await transact(async (tx) => {
    for (const version of written) await store.resourceVersions.recordWritten(tx, version);
    await store.writeBacks.removeWriteBacks(tx, some);
    const gone = references.filter((reference) => present.get(reference)?.resourceType !== 'Communication');
    await enqueue(tx, await itemsOfAll(bridge, tx, { before, gone }));
  });
}

async function update(
  { fhir }: Pick<WritingBack, 'fhir'>,
  resources: readonly StoredResource<Communication>[],
  signal: AbortSignal,
): Promise<readonly ResourceVersion[]> {
  const [first, ...others] = resources;
  if (first === undefined) return [];
  return others.length === 0 ? [await fhir.update(first, signal)] : fhir.updateMessages(resources, signal);
}

async function itemsOfAll(
  bridge: WritingBack,
  tx: ClientBase,
  {
    before,
    gone,
  }: {
    readonly before: readonly StoredResource<Communication>[];
    readonly gone: readonly WriteBack['reference'][];
  },
): Promise<readonly NewItem[]> {
  const items: NewItem[] = [];
  for (const communication of before) items.push(...(await itemsOfWrittenOver(bridge, tx, communication)));
  for (const reference of gone) items.push(...(await itemsOfGone(bridge, tx, reference)));
  return items;
}
