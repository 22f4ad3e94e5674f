// A team with a space and a conversation on a homeserver in memory, as people see them; over the real tables.
import type pg from 'pg';
import type { CareTeam, CommunicationRequest } from '../../src/domain/fhir.ts';
import type { RoomId } from '../../src/domain/ids.ts';
import type { BridgeSettings } from '../../src/flows/bridge.ts';
import { convergeNow } from '../../src/flows/structure/converge.ts';
import { resync, type ResyncFinding } from '../../src/flows/structure/resync.ts';
import type { Homeserver } from '../../src/matrix/homeserver.ts';
import { SETTINGS } from './bridge.ts';
import { ref } from './fhir.ts';
import { createWorld, ROOM, SPACE, writeRooms } from './leading-world.ts';
import { BOT } from './matrix.ts';

const never = new AbortController().signal;

/** The templates that are the default. */
export const DEFAULT_NAMES: BridgeSettings['roomTemplates'] = {
  ...SETTINGS.roomTemplates,
  spaceName: 'Care team {number} · {professionals}',
  organizationSpaceName: 'Team {number} · {organization}',
  conversationName: 'Conversation {number} · team {team} · {date} {time}',
};

/** A participant of a team. */
export const named = (reference: string) => ({ member: { reference } });

/** CareTeam/1 with its space and CommunicationRequest/2 with its room, numbered 14 and 31; the bot may do everything in both. */
export async function createSeenWorld(db: pg.Pool, over: Partial<BridgeSettings> = {}) {
  await writeRooms(db);
  await db.query(`update room set number = case when reference like 'CareTeam/%' then 14 else 31 end`);
  const world = createWorld(db, { roomTemplates: DEFAULT_NAMES, ...over });
  const { matrix, fhir } = world;
  for (const [id, creation] of [
    [SPACE, { type: 'm.space' }],
    [ROOM, {}],
  ] as const) {
    matrix.make(id, creation);
    matrix.set(id, 'm.room.create', '', { room_version: '11', ...creation }, BOT);
    matrix.set(id, 'm.room.power_levels', '', { users: { [BOT]: 110 } }, BOT);
  }
  // The nurse and the doctor, with accounts of their own.
  for (const [id, name, account] of [
    ['7', 'Noor Bakker', 'nurse'],
    ['8', 'Jan Smit', 'doctor'],
  ] as const) {
    const telecom = [{ system: 'url', value: `matrix:u/${account}:example.org` }] as const;
    fhir.put({ resourceType: 'Practitioner', id, name: [{ text: name }], telecom: [...telecom] });
  }
  const uploads: Uint8Array[] = [];
  const homeserver: Homeserver = {
    ...matrix.homeserver,
    putState: (as, id, { type, state_key: key, content }) => {
      matrix.set(id, type, key, content, as);
      return Promise.resolve();
    },
    invite: (as, id, userId) => {
      matrix.member(id, userId, 'invite', as);
      return Promise.resolve();
    },
    kick: (as, id, userId) => {
      matrix.member(id, userId, 'leave', as);
      return Promise.resolve();
    },
    upload: (_as, file) => {
      if ('bytes' in file) uploads.push(file.bytes);
      return Promise.resolve(`mxc://example.org/${uploads.length}`);
    },
  };
  // The world's own handler is to work on the same homeserver.
  Object.assign(world.bridge, { homeserver });
  const { bridge } = world;
  let causes = 0;
  return {
    ...world,
    bridge,
    uploads,
    /** The team's CareTeam and the conversation, each with what a test is about. */
    write: (team: Partial<CareTeam>, request: Partial<CommunicationRequest> = {}): void => {
      const about = { subject: { reference: 'Patient/1' }, status: 'active' } as const;
      fhir.put({ ...about, ...team, resourceType: 'CareTeam', id: '1' });
      fhir.put({ ...about, ...request, resourceType: 'CommunicationRequest', id: '2' });
    },
    converge: async (...references: readonly string[]): Promise<void> => {
      for (const reference of references) {
        causes += 1;
        await convergeNow(bridge, ref(reference), `cause ${causes}`, never);
      }
    },
    /** What a comparison of everything finds, without mending it. */
    differences: async (): Promise<readonly string[]> => {
      const findings: ResyncFinding[] = [];
      await resync(bridge, { dryRun: true }, (finding) => findings.push(finding), never);
      return findings.flatMap(({ reference, state, changes }) =>
        state === 'in-sync' ? [] : [`${reference} ${state} ${changes.join(', ')}`],
      );
    },
    /** The content of a state event. */
    content: async (id: RoomId, type: string, key = '') =>
      homeserver.stateEvent(BOT, id, { type, state_key: key }),
  };
}
