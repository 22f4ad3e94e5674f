// A message that was redacted before it was read ends as one that was recorded and then retracted.
import { describe, expect, test } from 'vitest';
import { created, fromMatrix, knowing, link, MESSAGE_OPTIONS } from '../../builders/messages.ts';

const unsigned = { redacted_because: { event_id: '$redaction', type: 'm.room.redaction' } };

describe('an event of which only its sender and time are left', () => {
  test.each(['m.room.message', 'm.sticker', 'm.room.encrypted', 'm.poll.start'])('%s', (type) => {
    const read = fromMatrix({ type, content: {}, unsigned });
    expect(read).toMatchObject({ kind: 'removed', notices: [] });
    expect(created(read?.writes)).toMatchObject({
      ...{
        status: 'entered-in-error',
        sender: { reference: 'Practitioner/7' },
        sent: '2025-09-26T09:30:15.250Z',
      },
      identifier: [{ value: '$event:example.org' }],
      payload: [{ _contentString: { extension: [{ valueCode: 'masked' }] } }],
    });
  });

  test('has no text to keep, whatever the operator keeps', () => {
    const options = { ...MESSAGE_OPTIONS, retractedText: 'kept' } as const;
    const { writes } = fromMatrix({ content: {}, unsigned }, { options }) ?? {};
    expect(created(writes).payload).toHaveLength(1);
  });

  test.each(['m.reaction', 'org.example.odd', 'm.room.redaction'])(
    '%s says nothing that people read',
    (type) => {
      expect(fromMatrix({ type, content: {}, unsigned })).toBeUndefined();
    },
  );

  test('its redaction changes nothing more', () => {
    const record = created(fromMatrix({ content: {}, unsigned })?.writes);
    const redaction = { event_id: '$redaction', type: 'm.room.redaction', content: { redacts: '$target' } };
    const { writes } = fromMatrix(redaction, {}, knowing(link({ kind: 'removed' }))) ?? {};
    expect(writes?.map((write) => write.kind === 'change' && write.apply(record))).toEqual([undefined]);
  });
});

test('an event that only claims in its content to be redacted is what it says', () => {
  expect(
    fromMatrix({ content: { msgtype: 'm.text', body: 'x', unsigned, redacted_because: {} } })?.kind,
  ).toBe('text');
});
