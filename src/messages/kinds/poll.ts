// A poll: its question, and the answers between which people choose.
import { defineKind } from '../kind.ts';
import { pollPayload } from '../polls/poll-record.ts';
import { readPoll, type Poll } from '../polls/read-poll.ts';
import { createRecord } from '../record.ts';

/** The kind. */
export const poll = defineKind<Poll>({
  name: 'poll',
  page: {
    matrix: '`m.poll.start`, `org.matrix.msc3381.poll.start`',
    fhir: '`payload.contentString` of the question and of each answer, tagged as a poll; from FHIR it is text',
    kept: 'the question and up to 20 answers',
    lost: 'how many answers may be chosen, and whether votes are shown before the end',
  },
  fromMatrix: ({ event }) => readPoll(event),
  toFhir: (message, context) => [
    createRecord(context, { payload: pollPayload(message, context.options.texts.records), kind: 'poll' }),
  ],
  fromFhir: () => undefined,
  toMatrix: () => [],
});
