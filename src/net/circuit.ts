// Circuit breakers, all with the same limits: after some failures in a row, a server is left alone for a while.
import { BrokenCircuitError, ConsecutiveBreaker, circuitBreaker, handleWhen } from 'cockatiel';
import type { IPolicy } from 'cockatiel';

/** Failures in a row that open a circuit, and for how long it then stays open. */
const LIMITS = { failures: 5, openMs: 10_000 };

/** What is said in place of an answer while a circuit is open. */
export const NOT_TRIED = `not tried, the last ${LIMITS.failures} failed`;

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
