// A room that the homeserver does not know any more is forgotten, and made anew as if there had been none. On real tables.
import { beforeEach, describe, expect, test } from 'vitest';
import { unlessGone } from '../../../src/flows/messages/unless-gone.ts';
import { planRoom } from '../../../src/flows/structure/plan-room.ts';
import type { RoomSpec } from '../../../src/flows/structure/room-spec.ts';
import { MatrixRefusal } from '../../../src/matrix/client.ts';
import * as roomMembers from '../../../src/store/room-members.ts';
import * as restoredRooms from '../../../src/store/restored-rooms.ts';
import * as rooms from '../../../src/store/rooms.ts';
import { createBridge, unreachableHomeserver } from '../../builders/bridge.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { room } from '../../builders/desired-room.ts';
import { ref } from '../../builders/fhir.ts';
import { roomId, userId } from '../../builders/matrix.ts';
import { NO_PEOPLE } from '../../builders/people.ts';

const pool = useBridgeDatabase();
const never = new AbortController().signal;
const REFERENCE = ref('CommunicationRequest/245');
const ROOM = roomId('!gone:example.org');
const NURSE = userId('@nurse:example.org');
const denied = () => Promise.reject(new MatrixRefusal('read state', 403, 'M_FORBIDDEN', undefined));

const bridgeWhere = (isGone: boolean) =>
  createBridge(pool(), {
    homeserver: {
      ...unreachableHomeserver,
      roomState: denied,
      isRoomGone: () => Promise.resolve(isGone),
    },
  });

beforeEach(async () => {
  await pool().query(
    `insert into room (reference, alias, room_id, ready_at, first_message_event_id)
     values ($1, '#a:example.org', $2, now(), '$first')`,
    [REFERENCE, ROOM],
  );
  await roomMembers.saveBase(pool(), REFERENCE, new Map([[NURSE, ref('Practitioner/7')]]));
});

const spec: RoomSpec = {
  ...{ reference: REFERENCE, versionId: '1', kind: 'conversation', make: true, phases: ['open'] },
  ...{ subject: undefined, placement: undefined, firstMessage: undefined, authoredAt: undefined },
  people: NO_PEOPLE,
  ...{ dependencies: new Set(), stamps: new Map() },
  desiredFor: () => Promise.resolve(room()),
};

describe('a room that the homeserver denies', () => {
  test('is to be made anew where no one can join it, with no one taken for having left', async () => {
    const plan = await planRoom(bridgeWhere(true), spec, never);
    expect(plan).toMatchObject({ gone: ROOM, roomId: undefined, actual: [], changes: [] });
    expect(plan?.row).toMatchObject({ firstMessageEventId: undefined });
    expect(plan?.members.base.size).toBe(0);
  });

  test('is left as it is where it is there: the bot was put out of it', async () => {
    await expect(planRoom(bridgeWhere(false), spec, never)).rejects.toThrow('matrix-refused');
  });

  test('is left as it is where a user made it, perhaps on another homeserver', async () => {
    await pool().query(`update room set made_by = 'user'`);
    await expect(planRoom(bridgeWhere(true), spec, never)).rejects.toThrow('matrix-refused');
  });

  test('is forgotten with its members and its first message', async () => {
    await restoredRooms.forgetRoom(pool(), REFERENCE);
    expect(await rooms.findRoom(pool(), REFERENCE)).toMatchObject({
      ...{ roomId: undefined, ready: false, firstMessageEventId: undefined, generation: 1 },
    });
    expect((await roomMembers.readMembers(pool(), REFERENCE)).base.size).toBe(0);
  });
});

describe('a message for a room that the homeserver denies', () => {
  const send = (isGone: boolean, guests?: { guests: readonly [typeof NURSE] }) => {
    const opened: string[] = [];
    const relay = {
      ...bridgeWhere(isGone),
      openConversation: (request: string) => {
        opened.push(request);
        return Promise.resolve(undefined);
      },
    };
    const to = { conversation: { roomId: ROOM, phase: 'open' as const, ...guests }, request: REFERENCE };
    return { opened, sent: unlessGone(relay, to, never, denied) };
  };

  test('is tried again once the room was made anew', async () => {
    const { opened, sent } = send(true);
    await expect(sent).rejects.toMatchObject({ code: 'room-gone' });
    expect(opened).toEqual([REFERENCE]);
  });

  test.each([
    ['the room is there', false, undefined],
    ['the room is another organisation’s', true, { guests: [NURSE] as const }],
  ])('is a dead letter where %s', async (_, isGone, guests) => {
    const { opened, sent } = send(isGone, guests);
    await expect(sent).rejects.toMatchObject({ code: 'matrix-refused' });
    expect(opened).toEqual([]);
  });
});
