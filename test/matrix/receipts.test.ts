// Receipts as `/sync` shows them: public ones of any thread; private ones and what no homeserver would send are left out.
import { describe, expect, test } from 'vitest';
import { createReceipts, receiptsIn } from '../../src/matrix/receipts.ts';
import { MatrixRefusal, type MatrixClient } from '../../src/matrix/client.ts';
import { eventId, roomId, userId } from '../builders/matrix.ts';

const ROOM = roomId('!room:example.org');
const receipts = (content: object) => receiptsIn(ROOM, [{ type: 'm.receipt', content }]);
const NURSE = '@nurse:example.org';

describe('are read', () => {
  test('of many users and events, unthreaded and of threads', () => {
    expect(
      receipts({
        $1: { 'm.read': { [NURSE]: { ts: 1_000 }, '@kin:example.org': { ts: 2_000, thread_id: 'main' } } },
        $2: { 'm.read': { [NURSE]: { ts: 3_000, thread_id: '$root' } } },
      }),
    ).toEqual([
      { roomId: ROOM, userId: NURSE, eventId: '$1', readAt: new Date(1_000) },
      { roomId: ROOM, userId: '@kin:example.org', eventId: '$1', readAt: new Date(2_000) },
      { roomId: ROOM, userId: NURSE, eventId: '$2', readAt: new Date(3_000) },
    ]);
  });
});

describe('are left out', () => {
  test.each<[string, object]>([
    ['private ones', { $1: { 'm.read.private': { [NURSE]: { ts: 1 } } } }],
    ['the fully read marker', { $1: { 'm.fully_read': { [NURSE]: { ts: 1 } } } }],
    ['those without a time', { $1: { 'm.read': { [NURSE]: {} } } }],
    ['those of no user', { $1: { 'm.read': { 'no user': { ts: 1 } } } }],
    ['those of no event', { 'no event': { 'm.read': { [NURSE]: { ts: 1 } } } }],
    ['those of an event that PostgreSQL cannot hold', { '$a\0b': { 'm.read': { [NURSE]: { ts: 1 } } } }],
    ['those of a time that no date can hold', { $1: { 'm.read': { [NURSE]: { ts: 1e300 } } } }],
    ['those of another form', { $1: { 'm.read': ['@nurse'] }, $2: 7 }],
  ])('%s', (_, content) => {
    expect(receipts(content)).toEqual([]);
  });

  test('one that is malformed hides no other', () => {
    expect(receipts({ $1: 7, $2: { 'm.read': { [NURSE]: { ts: 1 } } } })).toHaveLength(1);
    expect(receiptsIn(ROOM, ['x', null, { type: 'm.typing', content: {} }])).toEqual([]);
  });
});

describe('one that is set', () => {
  const clientThat = (answer: () => Promise<unknown>) => {
    const asked: unknown[] = [];
    const post: MatrixClient['post'] = async (_operation, path, schema, request) => {
      asked.push([path, request.as]);
      return schema.parse(await answer());
    };
    return { asked, client: { post } };
  };
  const set = (client: Pick<MatrixClient, 'post'>) =>
    createReceipts(client).setReceipt(userId('@_fhir_9:example.org'), ROOM, eventId('$1'));

  test('is the ghost’s, public, on the event', async () => {
    const { client, asked } = clientThat(() => Promise.resolve({}));
    expect(await set(client)).toBe(true);
    expect(asked).toEqual([[['rooms', ROOM, 'receipt', 'm.read', '$1'], '@_fhir_9:example.org']]);
  });

  test.each([400, 403, 404])(
    'and is refused with %d, because the ghost is not there, is none',
    async (status) => {
      const refusal = new MatrixRefusal('set receipt', status, 'M_FORBIDDEN', undefined);
      expect(await set(clientThat(() => Promise.reject(refusal)).client)).toBe(false);
    },
  );
});
