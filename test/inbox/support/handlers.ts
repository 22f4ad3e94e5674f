// Handlers for tests.
import { once } from 'node:events';
import type { Attempt, Handle, Outcome } from '../../../src/inbox/item.ts';

export const done: Outcome = { kind: 'done' };

/** Answers with the given outcomes one after the other, then `done`; keeps every attempt. */
export function script(outcomes: Record<string, (Outcome | Error)[]>) {
  const attempts: { id: string; attempt: Attempt }[] = [];
  const handle: Handle = (item, attempt) => {
    attempts.push({ id: item.sourceId, attempt });
    const next = outcomes[item.sourceId]?.shift() ?? done;
    return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
  };
  return { attempts, handle, ids: () => attempts.map(({ id }) => id) };
}

/** A handler that goes on until it is let go or, if it `heeds` that, aborted. */
export function slowHandler(heeds: boolean) {
  const entered = Promise.withResolvers<Attempt>();
  const go = Promise.withResolvers<undefined>();
  const handle = async (_: unknown, attempt: Attempt): Promise<Outcome> => {
    entered.resolve(attempt);
    await Promise.race([go.promise, ...(heeds ? [once(attempt.signal, 'abort')] : [])]);
    attempt.signal.throwIfAborted();
    return done;
  };
  return {
    handle,
    entered: entered.promise,
    go: () => {
      go.resolve(undefined);
    },
  };
}
