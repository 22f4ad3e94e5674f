// A kind for the tests of the pipelines: it refers to others, changes them, and has several effects.
import type { Communication } from '../../src/domain/fhir.ts';
import type { EventId, FhirReference } from '../../src/domain/ids.ts';
import { defineKind } from '../../src/messages/kind.ts';
import type { MatrixInput, FhirInput } from '../../src/messages/kind.ts';
import { createRecord } from '../../src/messages/record.ts';

interface Scripted {
  readonly effect: string;
  readonly target: EventId | undefined;
  readonly changes: FhirReference | undefined;
}

const targetIn = (input: MatrixInput | FhirInput): string | undefined => {
  const given = 'event' in input ? input.event.content['target'] : input.communication.topic?.text;
  return typeof given === 'string' ? given : undefined;
};

/** `{ msgtype: 'test.scripted', effect, target }`, and a Communication whose topic names its target. */
export const scripted = defineKind<Scripted>({
  name: 'scripted',
  page: { matrix: '', fhir: '', kept: '', lost: '' },
  refs: (input) => {
    const target = targetIn(input);
    return target === undefined ? [] : [target as EventId];
  },
  fromMatrix: (input, known) => {
    const { msgtype, effect } = input.event.content;
    if (msgtype !== 'test.scripted') return undefined;
    const target = targetIn(input) as EventId | undefined;
    const [link] = target === undefined ? [] : known.ofEvent(target);
    return {
      effect: String(effect),
      target,
      changes: link?.communication,
    };
  },
  toFhir: ({ effect, target, changes }, context) => {
    if (effect === 'change' && changes !== undefined && target !== undefined)
      return [
        {
          kind: 'change',
          reference: changes,
          target,
          apply: (before: Communication) =>
            before.status === 'stopped' ? undefined : { ...before, status: 'stopped' },
        },
      ];
    const parts = effect === 'two' ? [0, 1] : [0];
    return parts.map((part) => createRecord(context, { part, payload: [{ contentString: `part ${part}` }] }));
  },
  fromFhir: (input, carried) => {
    const target = targetIn(input) as EventId | undefined;
    if (carried.length > 0) return { effect: 'redact', target: carried.at(0)?.eventId, changes: undefined };
    return target === undefined ? undefined : { effect: 'two', target, changes: undefined };
  },
  toMatrix: ({ effect, target }) =>
    effect === 'redact' && target !== undefined
      ? [{ kind: 'redact', eventId: target }]
      : [0, 1].map((part) => ({
          kind: 'send' as const,
          type: 'm.room.message',
          content: { msgtype: 'm.text', body: `part ${part}` },
        })),
});
