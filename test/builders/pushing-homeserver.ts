// How a homeserver pushes: transactions in sequence, from a queue in its memory, with the ways in which Synapse loses and misplaces them.
import { setTimeout as sleep } from 'node:timers/promises';
import type { MatrixEvent, PushOrder } from '../../src/domain/matrix.ts';

/** A transaction that the homeserver has stored. */
interface Transaction {
  readonly number: number;
  readonly events: readonly MatrixEvent[];
}

/**
 * Makes one that pushes everything of a stream.
 * @param deliver hands a transaction to the bridge; rejects where the homeserver gets no answer that is good
 */
export function createPushingHomeserver(
  stream: readonly MatrixEvent[],
  deliver: (body: object, order: PushOrder) => Promise<void>,
) {
  let taken = 0;
  let queue: MatrixEvent[] = [];
  let number = 0;
  let connectedAt = new Date();
  /** Stored and not answered well yet, oldest first. */
  let waiting: Transaction[] = [];
  /** Stored, and forgotten until the next outage. */
  let stranded: Transaction[] = [];
  let isDown = false;

  function take(): void {
    queue.push(...stream.slice(taken));
    taken = stream.length;
  }

  function store(most: number): Transaction | undefined {
    take();
    const events = queue.splice(0, most);
    if (events.length === 0) return undefined;
    number += 1;
    return { number, events };
  }

  async function send({ number: of, events }: Transaction): Promise<boolean> {
    try {
      await deliver({ events }, { number: of, connectedAt });
      return true;
    } catch {
      return false;
    }
  }

  return {
    /** Pushes the next events, or, after a failure, stores them behind those that wait. */
    async push(most: number): Promise<void> {
      const next = store(most);
      if (next === undefined) return;
      if (!isDown && (await send(next))) return;
      waiting.push(next);
      isDown = true;
    },
    /** Stores the next events and forgets to send them: it had found nothing left to send just before. */
    strand(most: number): void {
      const next = store(most);
      if (next !== undefined) stranded.push(next);
    },
    /** Sends what waits, oldest first, until something fails. */
    async recover(): Promise<void> {
      if (!isDown) return;
      waiting = [...waiting, ...stranded].sort((a, b) => a.number - b.number);
      stranded = [];
      for (let [oldest] = waiting; oldest !== undefined; [oldest] = waiting) {
        if (!(await send(oldest))) return;
        waiting.shift();
      }
      isDown = false;
    },
    /** Opens another connection. */
    async reconnect(): Promise<void> {
      connectedAt = new Date(Date.now() + 1);
      await sleep(2);
    },
    /** Loses its memory, and starts anew: what was stored waits for the next outage. */
    async restart(): Promise<void> {
      take();
      queue = [];
      stranded.push(...waiting.splice(0));
      isDown = false;
      await this.reconnect();
    },
  };
}
