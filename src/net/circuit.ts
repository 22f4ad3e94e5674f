// Attempts at a server: each is observed, and after some failures in a row the server is left alone for a while.
import { BrokenCircuitError, ConsecutiveBreaker, circuitBreaker, handleWhen } from 'cockatiel';
import type { IPolicy } from 'cockatiel';
import type { ErrorCode } from '../telemetry/errors.ts';
import { BridgeError } from '../telemetry/errors.ts';
import type { RequestObserver } from '../telemetry/metrics.ts';

/** Failures in a row that open a circuit, and for how long it then stays open. */
const LIMITS = { failures: 5, openMs: 10_000 };

/**
 * Creates a circuit.
 * @param isFailure which errors count; all others pass through and change nothing
 */
export function createCircuit(isFailure: (error: unknown) => boolean): Pick<IPolicy, 'execute'> {
  return circuitBreaker(handleWhen(isFailure), {
    breaker: new ConsecutiveBreaker(LIMITS.failures),
    halfOpenAfter: LIMITS.openMs,
  });
}

/** Tells whether an error says that the circuit was open, so that nothing was tried. */
export const isOpenCircuit = (error: unknown): boolean => error instanceof BrokenCircuitError;

/**
 * Creates the attempts at one server; each ends in the metrics with `ok` or its error code.
 * @param unavailable the code that counts as a failure, and that is thrown while the circuit is open; without it there is none
 * @param refused a code that counts as one, too
 * @returns a function that makes an attempt, named in a few fixed words, and passes on what comes of it
 */
export function createAttempts(observe: RequestObserver, unavailable?: ErrorCode, refused?: ErrorCode) {
  const counted = unavailable === undefined ? [] : [unavailable, refused];
  const circuit = createCircuit((error) => error instanceof BridgeError && counted.includes(error.code));
  return async <Result>(operation: string, work: () => Promise<Result>): Promise<Result> => {
    const end = observe(operation);
    try {
      const result = await circuit.execute(work);
      end('ok');
      return result;
    } catch (error) {
      const failure =
        unavailable !== undefined && isOpenCircuit(error)
          ? new BridgeError(unavailable, `${operation}: not tried, the last ${LIMITS.failures} failed`)
          : error;
      end(failure instanceof BridgeError ? failure.code : 'unexpected');
      throw failure;
    }
  };
}
