// What may come of a mutant besides success: each with its reason. All else is a finding.
import type { ErrorCode } from '../../../src/telemetry/errors.ts';

interface IntendedAnswer {
  /** Of the route, as examples have it. */
  readonly route: RegExp;
  readonly status: number;
  readonly why: string;
}

/** Answers of 500 and more. */
export const INTENDED_ANSWERS: readonly IntendedAnswer[] = [];

/** Whether an answer of 500 or more is intended. */
export function isIntended(route: string, status: number): boolean {
  return INTENDED_ANSWERS.some((intended) => intended.status === status && intended.route.test(route));
}

/** Lines of level error: an operator is to look at what came in, and nothing else has to be done. */
export const INTENDED_LINES: ReadonlySet<string> = new Set([
  // Each with a code, which is judged by itself.
  'An item became a dead letter',
  'A transaction holds what is no event; it is set aside',
  // A platform may name another patient in a team; nobody stays with the patient before.
  'A room was made for another resource with the same id, or for another patient: it gets a new one',
]);

/** Codes of dead letters that a mutant may well become, each with the reason. */
export const INTENDED_CODES: ReadonlyMap<ErrorCode, string> = new Map([
  ['item-unstorable', 'it is no event or resource, or too deep'],
  ['fhir-answer', 'the FHIR server answers with it where a resource is asked for, which none does'],
]);
