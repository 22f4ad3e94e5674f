// The record of a poll: its question and its answers, each with the id by which a later event chooses it.
import { createHash } from 'node:crypto';
import type { Communication, CommunicationPayload } from 'fhir/r4.js';
import type { RecordTexts } from '../../mapping/language/texts.ts';
import type { Poll } from './read-poll.ts';

/** The payload of the record. */
export function pollPayload(
  { question, answers }: Poll,
  records: RecordTexts,
): readonly CommunicationPayload[] {
  return [
    { contentString: records.pollQuestion(question) },
    ...answers.map(({ id, text }, index) => ({
      id: payloadId(id),
      contentString: `${String(index + 1)}. ${text}`,
    })),
  ];
}

/** What was chosen, in the words of the poll's record. */
export function chosenIn(
  poll: Communication | undefined,
  ids: readonly string[],
  records: RecordTexts,
): readonly string[] {
  return ids.map((id) => {
    const answer = poll?.payload?.find((payload) => payload.id === payloadId(id));
    return answer?.contentString ?? records.unknownAnswer;
  });
}

/** An id that is one in FHIR too. https://hl7.org/fhir/R4/element-definitions.html#Element.id */
function payloadId(answer: string): string {
  return `answer-${createHash('sha256').update(answer).digest('hex').slice(0, 32)}`;
}
