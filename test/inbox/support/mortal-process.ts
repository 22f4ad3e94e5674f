// A replica that can be killed between any two of its steps, without killing the process the test runs in.
//
// Everything a replica does to the world goes through what it is given: pool, session, sleep, handler. Here each of these
// is a step. At the step where it is to die, the connections are torn down, and from then on nothing that the replica
// waits for ever comes: what it has in memory is gone for good, just as after `kill -9`.
import pg from 'pg';
import type { Sleep } from '../../../src/domain/clock.ts';

export interface MortalProcess {
  readonly pool: pg.Pool;
  readonly connectSession: () => Promise<pg.Client>;
  readonly sleep: Sleep;
  /** Does something, as a step: death may come before or after it. */
  step<Result>(work: () => Promise<Result> | Result): Promise<Result>;
  /** Resolves when the process has died. */
  readonly death: Promise<void>;
  readonly die: () => void;
}

/** Starts a process that dies at the given step: after it when the number is odd, before it when it is even. */
export function createMortalProcess(url: string, diesAtStep: number, sleep: Sleep): MortalProcess {
  const connections = new Set<pg.Client>();
  const death = Promise.withResolvers<undefined>();
  const never = new Promise<never>(() => undefined);
  const pool = new pg.Pool({ connectionString: url, max: 6 });
  const deaf = new WeakMap<object, (...values: unknown[]) => void>();
  let steps = 0;
  let dead = false;
  const isDead = (): boolean => dead;

  const keep = (client: pg.Client): void => {
    client.on('error', () => undefined);
    connections.add(client);
  };
  const die = (): void => {
    dead = true;
    for (const client of connections) client.connection.stream.destroy();
    death.resolve(undefined);
  };
  const step = async <Result>(work: () => Promise<Result> | Result): Promise<Result> => {
    steps += 1;
    const last = steps >= diesAtStep;
    if (last && diesAtStep % 2 === 0) die();
    if (isDead()) return never;
    const [result] = await Promise.allSettled([work()]);
    if (last) die();
    if (isDead()) return never;
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  };
  /** The same object, with every statement a step, and deaf when dead. */
  const mortal = <Connection extends pg.Pool | pg.Client>(connection: Connection): Connection =>
    new Proxy(connection, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        const method = value.bind(target) as (...values: unknown[]) => unknown;
        if (name === 'query') return (...values: unknown[]) => step(() => method(...values));
        if (name === 'connect') return () => step(async () => mortal((await method()) as pg.Client));
        if (name !== 'on' && name !== 'off') return method;
        return (event: unknown, listener: (...values: unknown[]) => void) => {
          const hears = (...values: unknown[]): void => {
            if (!dead) listener(...values);
          };
          const known = deaf.get(listener) ?? hears;
          deaf.set(listener, known);
          return method(event, known);
        };
      },
    });

  pool.on('connect', keep);
  pool.on('error', () => undefined);
  return {
    pool: mortal(pool),
    connectSession: () =>
      step(async () => {
        const client = new pg.Client({ connectionString: url });
        keep(client);
        await client.connect();
        return mortal(client);
      }),
    sleep: async (ms, signal) => {
      await sleep(ms, signal);
      if (dead) await never;
    },
    step,
    death: death.promise,
    die,
  };
}
