// How tests store payloads: as they are, unless a test is about encryption; and the log and the tables that do so.
import { createHash } from 'node:crypto';
import { createPayloadCodec, type PayloadKey } from '../../src/at-rest/payload-codec.ts';
import type { PayloadCodec } from '../../src/domain/stored-payload.ts';
import { createRetryDeadLetter } from '../../src/inbox/dead-letters.ts';
import { createEnqueue } from '../../src/inbox/enqueue.ts';
import { createForgetItemsNaming } from '../../src/inbox/forget-items.ts';
import { createHasItem } from '../../src/inbox/known-items.ts';
import { createTables } from '../../src/store/tables.ts';

/** The key of an id: for the same id always the same. */
export function keyOf(id: string): PayloadKey {
  return { id, key: createHash('sha256').update(id).digest('base64') };
}

/** Encrypts with the key of the first id, and decrypts with those of all. */
export function encryptedPayloads(...ids: readonly string[]) {
  return createPayloadCodec(ids.map(keyOf));
}

/** All that reads and writes payloads, as the bridge has it. */
export function storing(payloads: PayloadCodec) {
  return {
    enqueue: createEnqueue(payloads),
    hasItem: createHasItem(payloads),
    forgetItemsNaming: createForgetItemsNaming(payloads),
    store: createTables(payloads),
  };
}

/** Stores payloads as they are. */
export const plainPayloads = createPayloadCodec([]);
export const { enqueue, hasItem, forgetItemsNaming, store: tables } = storing(plainPayloads);
export const retryDeadLetter = createRetryDeadLetter({ enqueue, payloads: plainPayloads });
