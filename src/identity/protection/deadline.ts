// The time a question may take: callers get an answer even where a directory gives none.
import { BridgeError } from '../../telemetry/errors.ts';

/**
 * Runs `work` with a signal that is aborted when its time is over, or with the caller's.
 * @throws BridgeError when its time is over, whatever becomes of the work
 */
export async function within<Result>(
  milliseconds: number,
  work: (signal: AbortSignal) => Promise<Result>,
  caller?: AbortSignal,
): Promise<Result> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort();
    reject(new BridgeError('directory-unavailable', `no answer within ${milliseconds} ms`));
  }, milliseconds);
  try {
    const { signal } = controller;
    return await Promise.race([work(caller ? AbortSignal.any([caller, signal]) : signal), late]);
  } finally {
    clearTimeout(timer);
  }
}
