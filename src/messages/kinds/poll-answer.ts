// An answer to a poll: which of its answers someone chose.
import type { Communication } from '../../domain/fhir.ts';
import type { FhirReference } from '../../domain/ids.ts';
import { defineKind } from '../kind.ts';
import { chosenIn } from '../polls/poll-record.ts';
import { pollLink, pollOf, readAnswers } from '../polls/read-poll.ts';
import { createRecord, TARGET_MISSING } from '../record.ts';

interface PollAnswer {
  readonly ids: readonly string[];
  /** The record of the poll; undefined where there is none. */
  readonly poll: FhirReference | undefined;
}

/** The kind. */
export const pollAnswer = defineKind<PollAnswer>({
  name: 'poll-answer',
  page: {
    matrix: '`m.poll.response`, `org.matrix.msc3381.poll.response`',
    fhir: '`payload.contentString` in the words of the poll, tagged as an answer to it, `inResponseTo` the poll; from FHIR it is text',
    kept: 'who chose what and when; a change of mind is a record of its own, and the last one counts',
    lost: 'if the poll is not recorded, what was chosen: the record is tagged `target-missing`',
  },
  refs: (input) => {
    const poll = 'event' in input ? pollOf(input.event) : undefined;
    return poll === undefined ? [] : [poll];
  },
  fromMatrix: ({ event }, known) => {
    const ids = readAnswers(event);
    const target = pollOf(event);
    if (ids === undefined || target === undefined) return undefined;
    return { ids, poll: pollLink(target, known)?.communication };
  },
  toFhir: ({ ids, poll }, context) => {
    const { records } = context.options.texts;
    const answer = (quoted: Communication | undefined) => [
      { contentString: records.pollAnswer(chosenIn(quoted, ids, records)) },
    ];
    const content = { payload: answer(undefined), kind: 'poll-answer', inResponseTo: poll };
    if (poll === undefined) return [createRecord(context, { ...content, tag: TARGET_MISSING })];
    return [
      {
        ...createRecord(context, content),
        quotes: { reference: poll, payload: answer },
      },
    ];
  },
  fromFhir: () => undefined,
  toMatrix: () => [],
});
