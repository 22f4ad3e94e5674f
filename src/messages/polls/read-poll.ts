// Reads polls in the forms that clients send: of the proposal as it is now, and as it was before.
// https://github.com/matrix-org/matrix-spec-proposals/blob/main/proposals/3381-polls.md
import { z } from 'zod';
import type { EventId } from '../../domain/ids.ts';
import type { MatrixEvent } from '../../domain/matrix.ts';
import { readExtensibleText } from '../formatting/extensible-text.ts';
import type { Link, Links } from '../kind.ts';
import { relationsOf } from '../relations.ts';

/** A poll. */
export interface Poll {
  readonly question: string;
  readonly answers: readonly { readonly id: string; readonly text: string }[];
}

/** Types of the events of a poll. */
const STARTS: ReadonlySet<string> = new Set(['m.poll.start', 'org.matrix.msc3381.poll.start']);
const ANSWERS: ReadonlySet<string> = new Set(['m.poll.response', 'org.matrix.msc3381.poll.response']);
const ENDS: ReadonlySet<string> = new Set(['m.poll.end', 'org.matrix.msc3381.poll.end']);

/** The proposal lets clients leave out answers after the 20th. */
const MOST_ANSWERS = 20;

const textual = z.looseObject({}).transform(readExtensibleText).pipe(z.string());
const answerSchema = z
  .looseObject({})
  .transform((answer) => ({ id: answer['m.id'] ?? answer['id'], text: readExtensibleText(answer) }))
  .pipe(z.object({ id: z.string(), text: z.string() }));
const pollSchema = z.object({ question: textual, answers: z.array(answerSchema).min(1) });
const selectionsSchema = z.array(z.string());
const answersSchema = z.object({ answers: selectionsSchema });

/** A poll that begins; undefined for other events, and for one without question or answers. */
export function readPoll({ type, content }: MatrixEvent): Poll | undefined {
  if (!STARTS.has(type)) return undefined;
  const poll = content['m.poll'] ?? content['org.matrix.msc3381.poll.start'] ?? content['m.poll.start'];
  const read = pollSchema.safeParse(poll).data;
  return read && { ...read, answers: read.answers.slice(0, MOST_ANSWERS) };
}

/** The ids of the answers that someone chose; none where they took their answer back. */
export function readAnswers({ type, content }: MatrixEvent): readonly string[] | undefined {
  if (!ANSWERS.has(type)) return undefined;
  const older = content['org.matrix.msc3381.poll.response'] ?? content['m.poll.response'];
  const chosen = content['m.selections'] ?? answersSchema.safeParse(older).data?.answers;
  return selectionsSchema.safeParse(chosen).data?.slice(0, MOST_ANSWERS);
}

/** The event of the poll that an event ends; undefined for other events. */
export function endedPoll({ type, content }: MatrixEvent): EventId | undefined {
  return ENDS.has(type) ? relationsOf(content).refersTo : undefined;
}

/** The event of the poll that an event answers or ends; undefined for other events. */
export function pollOf(event: MatrixEvent): EventId | undefined {
  return ANSWERS.has(event.type) ? relationsOf(event.content).refersTo : endedPoll(event);
}

/** The link of a poll among those of the event; undefined where it is not recorded, or is no poll. */
export function pollLink(event: EventId, known: Links): Link | undefined {
  return known
    .ofEvent(event)
    .find(({ kind, communication }) => kind === 'poll' && communication !== undefined);
}
