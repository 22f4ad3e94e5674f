// What a room is to the bridge, by all the tables that know of it.
import { beforeEach, expect, test } from 'vitest';
import { findRoomUse } from '../../src/store/room-uses.ts';
import { useBridgeDatabase } from '../builders/database.ts';
import { writeRooms } from '../builders/leading-world.ts';
import { roomId } from '../builders/matrix.ts';

const pool = useBridgeDatabase();
const useOf = (id: string) => findRoomUse(pool(), roomId(id));
const ADOPTION = { roomId: '!conversation', careTeam: 'CareTeam/1', listedBy: '@nurse:example.org' };

beforeEach(async () => {
  await writeRooms(pool());
});

const adopt = (id: string) =>
  pool().query(`insert into adopted_room values ($1, 'CareTeam/1', '@nurse:example.org')`, [id]);

test('is a space or a conversation, by its resource', async () => {
  expect(await useOf('!space')).toMatchObject({
    ...{ kind: 'space', isReplaced: false, adoption: undefined },
    room: { reference: 'CareTeam/1', roomId: '!space', ready: true, madeBy: 'bridge' },
  });
  expect(await useOf('!conversation')).toMatchObject({
    ...{ kind: 'conversation', room: { subject: 'Patient/1', careTeam: 'CareTeam/1' } },
  });
});

test('is a conversation still while it is being adopted, or its replacement is not followed', async () => {
  await adopt('!conversation');
  await pool().query(`insert into former_room values ('!conversation', 'CommunicationRequest/2', '!next')`);
  expect(await useOf('!conversation')).toMatchObject({
    ...{ kind: 'conversation', isReplaced: true, adoption: ADOPTION },
  });
});

test('is awaited to take the place of another, and has it then, which makes that a former one', async () => {
  await pool().query(`insert into former_room values ('!conversation', 'CommunicationRequest/2', '!next')`);
  const former = {
    ...{ roomId: '!conversation', reference: 'CommunicationRequest/2', replacement: '!next' },
  };
  expect(await useOf('!next')).toEqual({ kind: 'awaited', former, adoption: undefined });
  await pool().query(`update room set room_id = '!next' where reference = 'CommunicationRequest/2'`);
  await pool().query(`update former_room set followed_at = '2026-11-21T12:00:00Z'`);
  expect(await useOf('!conversation')).toMatchObject({
    ...{ kind: 'former', followedAt: new Date('2026-11-21T12:00:00Z') },
    room: { reference: 'CommunicationRequest/2', roomId: '!next' },
  });
  expect(await useOf('!next')).toMatchObject({ kind: 'conversation', isReplaced: false });
});

test('is adopted, or nothing', async () => {
  await adopt('!made');
  expect(await useOf('!made')).toEqual({ kind: 'adopted', adoption: { ...ADOPTION, roomId: '!made' } });
  expect(await useOf('!other')).toEqual({ kind: 'none' });
});
