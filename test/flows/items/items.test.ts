// The inbox items: what is written as one is read as it was, in its own lane, whatever version wrote it.
import { describe, expect, test } from 'vitest';
import type { OwnAuditEvent } from '../../../src/audit/audit-event.ts';
import type { EventId, FhirReference, MatrixUserId, RoomId } from '../../../src/domain/ids.ts';
import { MESSAGE_REASONS, STATE_REASONS } from '../../../src/domain/notices.ts';
import { auditItem } from '../../../src/flows/items/audit.ts';
import { gatheredItem } from '../../../src/flows/items/conversation-messages.ts';
import { convergeItem, requireInvitesItem } from '../../../src/flows/items/converge.ts';
import { eventItem } from '../../../src/flows/items/event.ts';
import { changeItem } from '../../../src/flows/items/fhir-change.ts';
import { deletionItem } from '../../../src/flows/items/fhir-deletion.ts';
import { invitationItem } from '../../../src/flows/items/invitation.ts';
import type { ItemKind } from '../../../src/flows/items/kinds.ts';
import { isItemKind, ITEM_SCHEMAS } from '../../../src/flows/items/kinds.ts';
import { messageNoticeItem } from '../../../src/flows/items/message-notice.ts';
import { noticeItem } from '../../../src/flows/items/notice.ts';
import { forgetPersonItem, forgetRoomItem } from '../../../src/flows/items/forget-room.ts';
import { publishItem } from '../../../src/flows/items/publish.ts';
import { sendStatusItem } from '../../../src/flows/items/send-status.ts';
import { readItem } from '../../../src/flows/items/read.ts';
import { readReportItems } from '../../../src/flows/items/read-report.ts';
import { readTasksItems } from '../../../src/flows/items/read-tasks.ts';
import { receiptsItems } from '../../../src/flows/items/receipts.ts';
import { setAsideItem } from '../../../src/flows/items/set-aside.ts';
import { undeliveredItem } from '../../../src/flows/items/undelivered.ts';
import { waitedItem } from '../../../src/flows/items/waiting.ts';
import { writeBackItem } from '../../../src/flows/items/write-back.ts';
import type { NewItem } from '../../../src/inbox/item.ts';
import { ozoThreads } from '../../../src/mapping/threads/ozo.ts';
import { stored as resource } from '../../builders/fhir.ts';
import { SETTINGS } from '../../builders/bridge.ts';

const ROOM = '!room:care.example' as RoomId;
const USER = '@doctor:care.example' as MatrixUserId;
const REQUEST = 'CommunicationRequest/1' as FhirReference;
const MESSAGE = 'Communication/2' as FhirReference;
const EVENT = {
  event_id: '$1' as EventId,
  room_id: ROOM,
  sender: USER,
  type: 'm.room.redaction',
  origin_server_ts: 1,
  content: { reason: 'wrong room', nested: { deep: [1, null] } },
  redacts: '$0',
  unsigned: { age: 5, 'org.example.odd': true },
};
const ABOUT_EVENT = { roomId: ROOM, eventId: EVENT.event_id };

const AUDIT_EVENT: OwnAuditEvent = {
  ...{ resourceType: 'AuditEvent', id: 'audit-1', recorded: '2026-11-29T12:00:00Z' },
  ...{ type: {}, agent: [], source: { observer: {} } },
};
const PERSON = 'Practitioner/1' as FhirReference;
const READ_TASK = {
  ...{ status: 'completed', intent: 'order', basedOn: [{ reference: REQUEST }] },
  ...{ focus: { reference: 'Communication/2' }, owner: { reference: PERSON } },
};

const version = (reference: string, over: object = {}) =>
  resource(reference, '7', '2025-09-26T09:00:00Z', { ...over });
const stored = ({ payload }: NewItem): unknown => JSON.parse(JSON.stringify(payload));
const read = (kind: ItemKind, payload: unknown): unknown => ITEM_SCHEMAS[kind].parse(payload);

const KEEPING_TASKS = { readState: { ...SETTINGS.readState, engine: 'bridge' as const } };
function only(items: readonly NewItem[]): NewItem {
  const [item] = items;
  if (item === undefined || items.length > 1) throw new TypeError('Expected one item');
  return item;
}

/** An item as the version before stored it; this one stores none of its kind. */
const former = (kind: ItemKind): NewItem => ({
  ...{ lane: 'former', source: kind, sourceId: 'hash', payload: { kind, content: { type: 'm.typing' } } },
});

describe('each kind', () => {
  const items: Record<ItemKind, NewItem> = {
    'matrix.event': eventItem(EVENT),
    'matrix.ephemeral': former('matrix.ephemeral'),
    'matrix.to_device': former('matrix.to_device'),
    'matrix.invitation': invitationItem({ roomId: ROOM, userId: USER, sender: USER }, 's1'),
    'fhir.change': changeItem(version(REQUEST), ozoThreads),
    'fhir.deletion': deletionItem(
      { reference: MESSAGE, versionId: '8' },
      { conversation: REQUEST, linkId: '1' },
    ),
    'conversation-messages': waitedItem(gatheredItem(REQUEST), 'CareTeam/1/2'),
    notice: noticeItem({ roomId: ROOM, about: USER, reason: 'needs-power' }),
    'message-notice': messageNoticeItem({ ...ABOUT_EVENT, about: USER, reason: 'not-filed' }),
    'send-status': sendStatusItem({ ...ABOUT_EVENT, failure: 'not-filed' }),
    'write-back': writeBackItem('Communication/3' as FhirReference, '$e' as EventId),
    undelivered: undeliveredItem('Communication/3' as FhirReference, 'no-content', 'Communication/3/1'),
    converge: convergeItem(REQUEST, 'CareTeam/1/2'),
    publish: publishItem(PERSON, USER),
    'forget-room': forgetRoomItem({
      ...{
        forgetting: 'f0',
        roomId: ROOM,
        reference: undefined,
        redacts: true,
        cause: 'person forget 1',
        part: 0,
      },
    }),
    'forget-person': forgetPersonItem({ forgetting: 'f0', cause: 'person forget 1' }),
    audit: auditItem(AUDIT_EVENT),
    receipts: only(receiptsItems([{ roomId: ROOM, userId: USER }], 's1')),
    read: readItem({
      ...{ conversation: REQUEST, person: PERSON, roomId: ROOM, eventId: EVENT.event_id, at: 1 },
      ...{ message: 'Communication/2' as FhirReference, userId: USER },
    }),
    'fhir.read': only(readReportItems([version('Task/3', READ_TASK)])),
    'read-tasks': only(readTasksItems(KEEPING_TASKS, REQUEST, '$1')),
    'set-aside': setAsideItem('matrix.event', { id: '$deep', reason: 'too-deep' }),
  };

  test.each(Object.keys(ITEM_SCHEMAS).filter(isItemKind))('%s is read as it was written', (kind) => {
    const payload = stored(items[kind]);
    expect(payload).toMatchObject({ kind });
    expect(read(kind, payload)).toMatchObject(payload as object);
  });

  test('has a lane and a source id of its own', () => {
    const places = Object.values(items).map(({ lane, source, sourceId }) => `${lane} ${source} ${sourceId}`);
    expect(places).toEqual([
      'to-fhir:!room:care.example matrix.event $1',
      'former matrix.ephemeral hash',
      'former matrix.to_device hash',
      'to-fhir:!room:care.example matrix.invitation !room:care.example @doctor:care.example s1',
      'to-matrix:CommunicationRequest/1 fhir.change CommunicationRequest/1/7@2025-09-26T09:00:00.000Z',
      'to-matrix:CommunicationRequest/1 fhir.deletion Communication/2/8 of 1',
      'to-matrix:CommunicationRequest/1 waited CommunicationRequest/1 CareTeam/1/2',
      expect.stringMatching(/^notice:!room:care\.example notice \S+$/),
      expect.stringMatching(/^notice:!room:care\.example \S+ not-filed message-notice notice-\S+$/),
      expect.stringMatching(/^status:!room:care\.example send-status status-\S+$/),
      'write-back:Communication/3 write-back Communication/3 $e',
      'undelivered:Communication/3 undelivered Communication/3/1 no-content',
      'to-matrix:CommunicationRequest/1 converge CareTeam/1/2 CommunicationRequest/1',
      'publish:Practitioner/1 publish Practitioner/1 @doctor:care.example',
      'to-fhir:!room:care.example forget-room person forget 1 !room:care.example 0',
      'forget:f0 forget-person person forget 1 f0',
      expect.stringMatching(/^write-audit:[0-3] audit audit-1$/),
      expect.stringMatching(/^receipts:!room:care\.example \S{16} receipts !room:care\.example \S{16} s1$/),
      'read-state:CommunicationRequest/1 read-in-matrix CommunicationRequest/1 Practitioner/1 $1',
      'read-state:CommunicationRequest/1 fhir.read Task/3/7@2025-09-26T09:00:00.000Z',
      'read-state:CommunicationRequest/1 read-tasks CommunicationRequest/1 $1',
      'set-aside:matrix.event set-aside matrix.event $deep',
    ]);
  });

  test('what is said to somebody waits for nothing; what changes teams, people and rooms may wait', () => {
    const isBulk = (item: NewItem): boolean => item.isBulk === true;
    const bulk = Object.entries(items).flatMap(([kind, item]) => (isBulk(item) ? [kind] : []));
    expect(bulk).toEqual(['matrix.invitation', 'fhir.change', 'converge', 'publish', 'forget-room']);
    const changes = ['CareTeam/1', REQUEST, PERSON, 'Organization/1', MESSAGE].map((reference) =>
      isBulk(changeItem(version(reference), ozoThreads)),
    );
    expect(changes).toEqual([true, true, true, true, false]);
    expect(isBulk(eventItem({ ...EVENT, type: 'm.room.member', state_key: USER }))).toBe(true);
    expect(isBulk(requireInvitesItem(REQUEST, 'invite x', ['h']))).toBe(true);
  });

  test.each(Object.keys(ITEM_SCHEMAS).filter(isItemKind))('%s is refused without its parts', (kind) => {
    const without = { kind, ...(kind === 'matrix.event' && { event: { type: 'm.room.message' } }) };
    expect(ITEM_SCHEMAS[kind].safeParse(without).success).toBe(false);
  });
});

test('an event keeps what this version does not know', () => {
  expect(read('matrix.event', stored(eventItem(EVENT)))).toEqual({ kind: 'matrix.event', event: EVENT });
});

describe('every reason of a notice', () => {
  const about = { roomId: ROOM, about: USER };

  test.each(STATE_REASONS)('%s can be stored and read', (reason) => {
    const notice = { ...about, reason };
    expect(read('notice', stored(noticeItem(notice)))).toEqual({ kind: 'notice', ...notice });
  });

  test.each(MESSAGE_REASONS)('%s can be stored and read, as an item of the version before too', (reason) => {
    const notice = { ...about, reason, eventId: EVENT.event_id };
    const item = { kind: 'message-notice', ...notice };
    expect(read('message-notice', stored(messageNoticeItem(notice)))).toEqual(item);
    expect(read('notice', { kind: 'notice', ...about, reason })).toEqual({
      kind: 'notice',
      ...about,
      reason,
    });
  });
});

test('who waits for their next notice does not keep others waiting, and their lane does not name them', () => {
  const notice = { ...ABOUT_EVENT, about: USER, reason: 'not-filed' as const };
  const [one, other] = [notice, { ...notice, about: '@nurse:care.example' as MatrixUserId }].map(
    (each) => messageNoticeItem(each).lane,
  );
  expect(one).not.toBe(other);
  expect(one).not.toContain('doctor');
});

describe('lanes', () => {
  test('a Communication follows its conversation, where it names one', () => {
    const partOf = [{ reference: REQUEST }];
    const laneOf = (over: object): string => changeItem(version('Communication/2', over), ozoThreads).lane;
    expect(laneOf({ partOf })).toBe('to-matrix:CommunicationRequest/1');
    expect(laneOf({})).toBe('to-matrix:Communication/2');
  });

  test('what is read is never in the way of messages, and names no user', () => {
    const items = [
      ...receiptsItems([{ roomId: ROOM, userId: USER }], 's1'),
      ...readTasksItems(KEEPING_TASKS, REQUEST, '$1'),
    ];
    expect(items.map(({ lane }) => lane)).not.toContain(eventItem(EVENT).lane);
    expect(JSON.stringify(items.map(({ lane, sourceId }) => [lane, sourceId]))).not.toContain('doctor');
  });

  test('Tasks are asked for only where the bridge keeps them', () => {
    expect(readTasksItems(SETTINGS, REQUEST, '$1')).toEqual([]);
  });
});

describe('a convergence that requires invitations', () => {
  const required = { kind: 'converge', reference: REQUEST, requireInvites: true, servers: [] };

  test('is read whatever name it was written by', () => {
    for (const name of ['insist', 'requireInvites']) {
      expect(read('converge', { kind: 'converge', reference: REQUEST, [name]: true })).toEqual(required);
    }
    expect(read('converge', stored(convergeItem(REQUEST, 'x')))).toEqual({
      ...required,
      requireInvites: false,
    });
  });

  test('waits apart, and can be read by the version before', () => {
    const item = requireInvitesItem(REQUEST, 'invite a', ['their.example', 'their.example']);
    expect(item).toMatchObject({ lane: 'invite:CommunicationRequest/1', sourceId: `invite a ${REQUEST}` });
    expect(stored(item)).toMatchObject({ insist: true });
    expect(read('converge', stored(item))).toEqual({ ...required, servers: ['their.example'] });
  });
});
