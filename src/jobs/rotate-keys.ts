// Encrypts what is stored of messages with the present key, after one was added: batch by batch, from wherever it stands.
import { PAYLOAD_COLUMNS } from '../at-rest/payload-columns.ts';
import { rewritePayloads } from '../at-rest/rotation.ts';
import type { PayloadCodec } from '../domain/stored-payload.ts';
import type { Bridge } from '../flows/bridge.ts';
import { BridgeError } from '../telemetry/errors.ts';
import type { BridgeJob } from './job.ts';

/** Between two looks; after a full batch it goes on after the gap. */
const INTERVAL_MS = 60_000;
const GAP_MS = 100;
/** Rows of a table in one transaction. Each may have 64 KiB. */
const BATCH = 200;

/** The job. @throws BridgeError in its pass where rows cannot be decrypted, after all others are done */
export function rotateKeys({ transact }: Pick<Bridge, 'transact'>, payloads: PayloadCodec): BridgeJob {
  return {
    name: 'payload-keys',
    service: 'database',
    intervalMs: INTERVAL_MS,
    gapMs: GAP_MS,
    withoutBot: true,
    async pass(signal, again) {
      let rewritten = 0;
      let unreadable = 0;
      for (const column of PAYLOAD_COLUMNS) {
        signal.throwIfAborted();
        const done = await transact((tx) => rewritePayloads(tx, payloads, column, BATCH));
        if (done.rewritten > 0 && done.rewritten + done.unreadable === BATCH) again();
        rewritten += done.rewritten;
        unreadable += done.unreadable;
      }
      if (unreadable > 0) throw new BridgeError('payload-unreadable', `${unreadable} rows, and maybe more`);
      return rewritten;
    },
  };
}
