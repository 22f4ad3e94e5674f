// Calls, with literal examples as clients send them.
import { describe, expect, test } from 'vitest';
import { created, fromMatrix } from '../../builders/messages.ts';

describe('from Matrix: that it was tried is recorded, and the caller is told', () => {
  test.each([
    ['m.call.invite', { call_id: '1', version: '1', lifetime: 60_000, offer: { type: 'offer', sdp: 'v=0' } }],
    [
      'm.call.notify',
      { application: 'm.call', call_id: '', notify_type: 'ring', 'm.mentions': { room: true } },
    ],
    ['org.matrix.msc4075.call.notify', { application: 'm.call', call_id: '', notify_type: 'ring' }],
    ['m.rtc.notification', { notification_type: 'ring', sender_ts: 1, lifetime: 30_000 }],
    [
      'org.matrix.msc4075.rtc.notification',
      { notification_type: 'ring', 'm.relates_to': { rel_type: 'm.reference', event_id: '$member' } },
    ],
    ['m.call.invite', {}],
  ])('%s', (type, content) => {
    const read = fromMatrix({ type, content });
    expect(read).toMatchObject({ kind: 'call', notices: ['call-not-carried'] });
    expect(created(read?.writes)).toMatchObject({
      meta: { tag: [{ code: 'call' }] },
      payload: [{ contentString: '[Tried to call]' }],
    });
  });
});

test.each([
  'm.call.candidates',
  'm.call.answer',
  'm.call.hangup',
  'm.call.select_answer',
  'm.call.reject',
  'm.rtc.decline',
])('from Matrix: %s is between the programs', (type) => {
  expect(
    fromMatrix({ type, content: { call_id: '1', version: '1', reason: 'user_hangup' } }),
  ).toBeUndefined();
});
