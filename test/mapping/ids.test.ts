// Delivery ids and lanes: the names under which things happen once and in order.
import { describe, expect, test } from 'vitest';
import { MESSAGE_REASONS, NOTICE_REASONS } from '../../src/domain/notices.ts';
import {
  communicationDeliveryId,
  communicationIdOf,
  failureTaskIdOf,
  firstMessageDeliveryId,
  messageNoticeDeliveryId,
  noticeDeliveryId,
  sendStatusDeliveryId,
} from '../../src/mapping/delivery-ids.ts';
import { roomLane, structureLane } from '../../src/mapping/lanes.ts';
import { ref } from '../builders/fhir.ts';
import { eventId, roomId, userId } from '../builders/matrix.ts';

describe('delivery ids', () => {
  const all = (id: string): readonly string[] => [
    communicationDeliveryId(ref(`Communication/${id}`)),
    firstMessageDeliveryId(ref(`Communication/${id}`)),
    firstMessageDeliveryId(ref(`CommunicationRequest/${id}`)),
    communicationIdOf(eventId(`$${id}`)),
    ...NOTICE_REASONS.map((reason) => noticeDeliveryId(roomId(`!${id}`), userId('@a:b'), reason)),
    noticeDeliveryId(roomId(`!${id}`), userId('@a:c'), 'not-filed'),
    ...MESSAGE_REASONS.map((reason) => messageNoticeDeliveryId(eventId(`$${id}`), reason)),
    ...['SUCCESS', 'PENDING'].map((status) => sendStatusDeliveryId(eventId(`$${id}`), status)),
    failureTaskIdOf(ref(`Communication/${id}`)),
  ];

  test('the same cause always has the same id', () => {
    expect(all('bsn-999911120')).toEqual(all('bsn-999911120'));
  });

  test('another cause or purpose has another id', () => {
    const ids = [...all('bsn-999911120'), ...all('bsn-999911121')];
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('ids are opaque, and legal in a path', () => {
    for (const id of all('bsn-999911120')) {
      expect(id).not.toContain('999911120');
      expect(id).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
    }
  });

  // Changing one of these sends again what was sent before an upgrade.
  test.each([
    [
      communicationDeliveryId(ref('Communication/1')),
      'communication-jAGybQJCMQkJ2QFS9LMPLJ9Q_ofGi8cyU1MJz38mFFM',
    ],
    [
      firstMessageDeliveryId(ref('CommunicationRequest/1')),
      'request-QNwEYCUpAVCNoyuXaQ4VleM_1rdNBlRYkhyxjMkq3kU',
    ],
    [
      noticeDeliveryId(roomId('!r:h'), userId('@a:h'), 'not-filed'),
      'notice-tYnmyrG8PIiaSeXwc7G9UsAUiAPDn9EcNQNcjJ18Xgk',
    ],
    [communicationIdOf(eventId('$1')), 'm-c1b43b36df09f0bf0e0612b54e90e47df2e8722dd90'],
  ])('ids do not change between versions: %s', (id, golden) => {
    expect(id).toBe(golden);
  });

  test('a Communication’s id is a FHIR id that is never a number', () => {
    expect(communicationIdOf(eventId('$x/+='))).toMatch(/^m-[0-9a-f]{43}$/);
  });
});

describe('lanes', () => {
  test.each([
    ['a room', roomLane(roomId('!r:h')), 'to-fhir:!r:h'],
    ['a resource', structureLane(ref('CareTeam/1')), 'to-matrix:CareTeam/1'],
  ])('%s', (_, lane, expected) => {
    expect(lane).toBe(expected);
  });
});
