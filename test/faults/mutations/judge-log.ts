// What is wrong with lines of the log: personal data or secrets in them, and errors that nobody intended. Pure.
import { z } from 'zod';
import { canariesIn } from './canaries.ts';
import { INTENDED_LINES } from './intended.ts';

const lineSchema = z.looseObject({ msg: z.string(), level: z.string() });
/** A job that cannot go on says so as a warning, as it goes on with the next pass. */
const FAILED_PASS = 'A pass failed and will be repeated';

/** Each fault once, with the first line that shows it. */
export function judgeLog(lines: readonly string[]): readonly string[] {
  const faults = new Map<string, string>();
  for (const line of lines) {
    const { msg, level } = lineSchema.parse(JSON.parse(line));
    const isFault = (level === 'error' && !INTENDED_LINES.has(msg)) || msg === FAILED_PASS;
    const found = [
      ...canariesIn(line).map((canary) => `the log holds the ${canary}`),
      ...(isFault ? [`the log says: ${msg}`] : []),
    ];
    for (const fault of found) if (!faults.has(fault)) faults.set(fault, line);
  }
  return [...faults].map(([fault, line]) => `${fault}: ${line.slice(0, 1_500)}`);
}
