// A message that was redacted before it was read: a record in error, as if it had been read, recorded and then retracted.
import { defineKind } from '../kind.ts';
import { createRecord } from '../record.ts';
import { isEmptied } from '../relations.ts';
import { retracted } from '../retracted.ts';
import { SHOWN_WITHOUT_TEXT } from './unsupported.ts';

/** Of events of other types nothing tells, without their content, that they were messages. */
const MESSAGE_TYPES: ReadonlySet<string> = new Set([
  ...['m.room.message', 'm.room.encrypted'],
  ...SHOWN_WITHOUT_TEXT,
]);

/** The kind. https://spec.matrix.org/v1.19/client-server-api/#redactions */
export const removed = defineKind<true>({
  name: 'removed',
  page: {
    matrix: 'a message that was redacted before the bridge read it',
    fhir: '',
    kept: 'that there was a message, whose and when: a Communication `entered-in-error`; a redacted edit looks the same',
    lost: 'what it said',
  },
  fromMatrix: ({ event }) => (MESSAGE_TYPES.has(event.type) && isEmptied(event) ? true : undefined),
  toFhir: (_message, context) => {
    const { communication } = createRecord(context, { payload: [] });
    const { id } = communication;
    return [
      { kind: 'create', communication: { ...communication, ...retracted(communication, REMOVED), id } },
    ];
  },
  fromFhir: () => undefined,
  toMatrix: () => [],
});

/** Whatever the operator keeps of others: there is no text to keep. */
const REMOVED = { retractedText: 'removed' } as const;
