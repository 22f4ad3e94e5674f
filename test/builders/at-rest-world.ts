// A bridge whose log is worked on by real replicas, each with the keys that a test gives it.
import pg from 'pg';
import type { PayloadCodec } from '../../src/domain/stored-payload.ts';
import { toInboxOutcome } from '../../src/flows/commit.ts';
import { createIntake } from '../../src/flows/intake.ts';
import { changeItemSchema } from '../../src/flows/items/fhir-change.ts';
import { eventItemSchema } from '../../src/flows/items/event.ts';
import { hasWaited } from '../../src/flows/items/waiting.ts';
import { relayToFhir } from '../../src/flows/messages/relay-to-fhir.ts';
import { relayToMatrix } from '../../src/flows/messages/relay-to-matrix.ts';
import type { Handle } from '../../src/inbox/item.ts';
import { findBusyLanes, knownSourceIds } from '../../src/inbox/known-items.ts';
import { readQueueStats } from '../../src/inbox/queue-stats.ts';
import { startReplica, type Replica } from '../../src/inbox/replica.ts';
import { quickTimings } from '../inbox/support/replica.ts';
import { clock, eventually, sleep } from '../inbox/support/time.ts';
import { recordingLog } from './log.ts';
import { storing } from './payloads.ts';
import { createRelayWorld } from './relay-world.ts';

/** Messages with this in them become dead letters. */
export const POISON = 'poison';

/** The world; its intake stores by `payloads`. */
export async function createAtRestWorld(pool: pg.Pool, payloads: PayloadCodec) {
  const world = await createRelayWorld(pool, undefined, { payloads });
  const log = recordingLog();
  const replicas: Replica[] = [];
  const intake = createIntake({
    ...{ ...world.relay, findBusyLanes, knownSourceIds },
    wakeMatrixReader: () => Promise.resolve(),
  });

  /** Handles as the daemon does, by the real flows. */
  const handleWith =
    (codec: PayloadCodec): Handle =>
    async (item, attempt) => {
      const relay = { ...world.relay, ...storing(codec) };
      const { lane, payload, receivedAt } = item;
      if (JSON.stringify(payload).includes(POISON))
        return { kind: 'dead', error: { code: 'item-malformed', message: 'poison' } };
      const turn = hasWaited(item);
      const event = eventItemSchema.safeParse(payload).data;
      const change = changeItemSchema.safeParse(payload).data;
      if (event !== undefined) {
        const source = { lane, payload, receivedAt, gaveUpOn: [], hasWaited: turn };
        return toInboxOutcome(await relayToFhir(relay, event.event, source, attempt), item, relay);
      }
      if (change !== undefined)
        return toInboxOutcome(
          await relayToMatrix(relay, { ...change, hasWaited: turn }, attempt),
          item,
          relay,
        );
      return { kind: 'done' };
    };

  return {
    ...{ ...world, intake, log },
    /** Starts a replica with these keys. */
    work: async (codec: PayloadCodec): Promise<Replica> => {
      const replica = await startReplica({
        ...{ pool, clock, sleep, log, payloads: codec, slots: 4 },
        handle: handleWith(codec),
        connectSession: async () => {
          const client = new pg.Client({ connectionString: pool.options.connectionString });
          client.on('error', () => undefined);
          await client.connect();
          return client;
        },
        retryPolicy: () => 20,
        timings: { ...quickTimings, pollMs: 50 },
      });
      replicas.push(replica);
      return replica;
    },
    settled: () => eventually(async () => (await readQueueStats(pool)).waitingItems === 0),
    end: () => Promise.all(replicas.map((replica) => replica.stop({ graceMs: 5_000 }))),
  };
}
