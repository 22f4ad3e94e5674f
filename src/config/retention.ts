// The section `retention` of the configuration: how long the bridge remembers what is over.
import { z } from 'zod';
import { inMilliseconds } from './durations.ts';

const days = (description: string, fallback: number): z.ZodDefault<z.ZodNumber> =>
  z.number().positive().max(36_500).default(fallback).meta({ description });

/** The section. */
export const retention = z
  .strictObject({
    heldMessagesDays: days(
      'Days that a message is held whose sender FHIR does not know (people.unknownSender: hold). Then it becomes a dead letter, and its sender is told.',
      30,
    ),
    deadLetterContentDays: days(
      'Days that the content of a dead letter is kept. Until then it can be tried again.',
      30,
    ),
    deadLetterDays: days(
      'Days that is known what a dead letter was and why it failed; its content goes before.',
      365,
    ),
    tracesDays: days(
      'Days that traces of what is over are kept: notices, reports of failures, copies of files that never ended, invitations that were never accepted, accounts that people had before. Not less than deadLetterContentDays.',
      90,
    ),
    endedRoomsDays: days(
      'Days that is known which messages were carried in a room whose resource is gone, and who was a stranger in a room.',
      365,
    ),
  })
  .transform(inMilliseconds);

/** The faults of durations that do not fit together. */
export function* retentionFaults({
  deadLetterContentMs,
  deadLetterMs,
  tracesMs,
}: z.infer<typeof retention>): Generator<string> {
  if (deadLetterMs < deadLetterContentMs)
    yield 'retention.deadLetterDays: expected no less than retention.deadLetterContentDays';
  if (tracesMs < deadLetterContentMs)
    yield 'retention.tracesDays: expected no less than retention.deadLetterContentDays, so that a retry knows what was begun';
}
