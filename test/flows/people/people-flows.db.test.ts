// What follows when people change: ghosts, rooms that depend on them, an operator's word. On a real database.
import { beforeEach, describe, expect, test } from 'vitest';
import type { FollowedType } from '../../../src/domain/fhir.ts';
import type { FhirReference, RoomAlias } from '../../../src/domain/ids.ts';
import { staffOf } from '../../../src/domain/ids.ts';
import type { StoredResource } from '../../../src/fhir/server.ts';
import type { Bridge } from '../../../src/flows/bridge.ts';
import { applyGhostChange, ghostChanges } from '../../../src/flows/people/ghosts.ts';
import { createIntake } from '../../../src/flows/intake.ts';
import { linkPerson, unlinkPerson } from '../../../src/flows/people/link-person.ts';
import { rememberPeople } from '../../../src/flows/people/resolve-people.ts';
import { senderGhostFor } from '../../../src/flows/people/sender-ghost.ts';
import { personToRooms } from '../../../src/flows/people/person-to-rooms.ts';
import { findBusyLanes, knownSourceIds } from '../../../src/inbox/known-items.ts';
import * as ghosts from '../../../src/store/ghosts.ts';
import * as roomMembers from '../../../src/store/room-members.ts';
import * as rooms from '../../../src/store/rooms.ts';
import { createBridge, settle, unreachableHomeserver } from '../../builders/bridge.ts';
import { itemsIn, useBridgeDatabase } from '../../builders/database.ts';
import { ref, stored } from '../../builders/fhir.ts';
import { userId } from '../../builders/matrix.ts';
import type { Resources } from '../../builders/people.ts';
import { at, bridgeOver, ghost, resolveWanted, SETTINGS } from '../../builders/people.ts';

const pool = useBridgeDatabase();
const never = new AbortController().signal;
const TEAM = ref('CareTeam/1');
const OTHER = ref('CareTeam/2');
const PNG = Buffer.from('\x89PNG\r\n\x1a\n....', 'latin1').toString('base64');

let calls: string[] = [];
beforeEach(() => {
  calls = [];
});

/** The bridge over these resources, with a homeserver that writes down what it is asked for. */
function bridgeWith(resources: Resources, over: Partial<Bridge['settings']> = {}): Bridge {
  const { bridge } = bridgeOver(resources);
  const call = (what: string) => {
    calls.push(what);
    return Promise.resolve();
  };
  return createBridge(pool(), {
    settings: { ...SETTINGS, ...over },
    fhir: {
      ...bridge.fhir,
      read: (reference) => bridge.fhir.readMany([reference]).then((found) => found.get(reference)),
    },
    homeserver: {
      ...unreachableHomeserver,
      registerGhost: (id) => call(`register ${id}`),
      setDisplayName: (id, name) => call(`name ${id}: ${name}`),
      upload: (id, { contentType }) => call(`upload ${id}: ${contentType}`).then(() => 'mxc://h/1'),
      setAvatar: (id, url) => call(`avatar ${id}: ${url ?? 'none'}`),
    },
  });
}

/** Rooms that depend on resources. */
async function depend(room: FhirReference, ...on: readonly string[]): Promise<void> {
  await rooms.reserveRoom(pool(), room, `#${room}:h` as RoomAlias);
  await roomMembers.saveDependencies(pool(), room, new Set(on.map(ref)));
}

const askedFor = (room: FhirReference) => itemsIn(pool(), `to-matrix:${room}`);

describe('a ghost', () => {
  const id = ghost('Practitioner/7');
  const wish = (resources: Resources, over: Partial<Bridge['settings']> = {}) => {
    const bridge = bridgeWith(resources, over);
    const wanted = {
      people: [{ reference: ref('Practitioner/7'), roles: [] }],
      careTeams: [],
      organizations: [],
    };
    return { bridge, resolved: resolveWanted(bridge, wanted) };
  };
  const bring = async (...args: Parameters<typeof wish>) => {
    const { bridge, resolved } = wish(...args);
    const changes = await ghostChanges(bridge, (await resolved).ghosts);
    for (const change of changes) await applyGhostChange(bridge, change, never);
    return changes.map(({ kind }) => kind);
  };
  const named = (text: string, photo?: object) => ({
    'Practitioner/7': { name: [{ text }], ...(photo !== undefined && { photo: [photo] }) },
  });

  test('is registered and named once, and renamed with its person', async () => {
    expect(await bring(named('Jan'))).toEqual(['register-ghost', 'set-display-name']);
    expect(await bring(named('Jan'))).toEqual([]);
    expect(await bring(named('Jan Smit'))).toEqual(['set-display-name']);
    expect(calls).toEqual([`register ${id}`, `name ${id}: Jan`, `name ${id}: Jan Smit`]);
  });

  test('keeps the name that it was known by when its person cannot be read, whatever their roles call them', async () => {
    const role = (display: string) => ({
      'PractitionerRole/a': { practitioner: { reference: 'Practitioner/7', display } },
    });
    const bringRole = async (resources: Resources) => {
      const bridge = bridgeWith(resources);
      const roles = { people: [{ reference: ref('PractitionerRole/a'), roles: [] }], careTeams: [] };
      const { ghosts } = await resolveWanted(bridge, { ...roles, organizations: [], until: undefined });
      const changes = await ghostChanges(bridge, ghosts);
      for (const change of changes) await applyGhostChange(bridge, change, never);
      return changes.map(({ kind }) => kind);
    };
    expect(await bringRole(role('Dr. Jan'))).toEqual(['register-ghost', 'set-display-name']);
    expect(await bringRole(role('Jan, physician'))).toEqual([]);
    expect(await bring({})).toEqual([]);
    expect(await bring(named('Jan'))).toEqual(['set-display-name']);
    expect(await bringRole({})).toEqual(['register-ghost', 'set-display-name']);
  });

  test('shows the photo where it is wanted, and stops when it is not', async () => {
    await bring(named('Jan', { data: PNG }), { avatars: true });
    expect(await bring(named('Jan', { data: PNG }), { avatars: true })).toEqual([]);
    expect(await bring(named('Jan', { data: PNG }))).toEqual(['set-avatar']);
    expect(calls.slice(2)).toEqual([
      `upload ${id}: image/png`,
      `avatar ${id}: mxc://h/1`,
      `avatar ${id}: none`,
    ]);
  });

  test('shows a photo that is kept apart, if it is one; what is none is not tried again', async () => {
    const resources = { ...named('Jan', { url: 'Binary/1' }), 'Binary/1': { data: PNG } };
    await bring(resources, { avatars: true });
    const broken = { ...named('Jan', { url: 'Binary/2' }), 'Binary/2': { data: 'PHN2Zz4=' } };
    expect(await bring(broken, { avatars: true })).toEqual(['set-avatar']);
    expect(await bring(broken, { avatars: true })).toEqual([]);
    expect(calls.slice(2)).toEqual([
      `upload ${id}: image/png`,
      `avatar ${id}: mxc://h/1`,
      `avatar ${id}: none`,
    ]);
  });
});

describe('who speaks', () => {
  const bot = userId('@_fhir_bot:h');
  const speak = (resources: Resources, reference: string | undefined) =>
    senderGhostFor(
      bridgeWith(resources, { bot }),
      reference === undefined ? undefined : ref(reference),
      never,
    );

  test('is the ghost, registered on the way, and not read again', async () => {
    const resources = { 'Practitioner/7': { name: [{ text: 'Jan' }] } };
    expect(await speak(resources, 'Practitioner/7')).toBe(ghost('Practitioner/7'));
    expect(calls).toHaveLength(2);
    expect(await speak({}, 'Practitioner/7')).toBe(ghost('Practitioner/7'));
    expect(calls).toHaveLength(2);
  });

  test('of a role is the ghost of its practitioner', async () => {
    const role = { practitioner: { reference: 'Practitioner/7' } };
    expect(await speak({ 'PractitionerRole/a': role }, 'PractitionerRole/a')).toBe(ghost('Practitioner/7'));
  });

  test.each([undefined, 'Device/1'])('for %s is the bot', async (reference) => {
    expect(await speak({}, reference)).toBe(bot);
  });

  test('for one with an account is a ghost that then stays in the room', async () => {
    const resources = { 'Patient/1': { telecom: [at('@anna:h')] } };
    const wanted = { people: [{ reference: ref('Patient/1'), roles: [] }], careTeams: [], organizations: [] };
    const bridge = bridgeWith(resources, { bot });
    await rememberPeople(bridge, await resolveWanted(bridgeWith({}, { bot }), wanted));
    await rememberPeople(bridge, await resolveWanted(bridge, wanted));
    const former = async () => (await resolveWanted(bridge, wanted)).members[0]?.formerUserIds;
    expect(await former()).toEqual([ghost('Patient/1')]);
    await depend(TEAM, 'Patient/1');
    expect(await speak(resources, 'Patient/1')).toBe(ghost('Patient/1'));
    expect(await former()).toEqual([]);
    // What a former account has that a relay ghost has not: its person's level.
    expect(await askedFor(TEAM)).toEqual([expect.stringMatching(/^Patient\/1 speaks .* CareTeam\/1$/)]);
    await speak(resources, 'Patient/1');
    expect(await askedFor(TEAM)).toHaveLength(1);
  });
});

describe('a changed person', () => {
  const change = async (resources: Resources, reference: string) => {
    const bridge = bridgeWith(resources);
    return settle(bridge, await personToRooms(bridge, ref(reference), `${reference}/2`, never));
  };

  test('asks for every room that depends on them, once per version', async () => {
    await depend(TEAM, 'Practitioner/7');
    await depend(OTHER, 'Practitioner/8');
    expect(await change({ 'Practitioner/7': {} }, 'Practitioner/7')).toBe('done');
    expect(await change({ 'Practitioner/7': {} }, 'Practitioner/7')).toBe('done');
    expect(await askedFor(TEAM)).toEqual(['Practitioner/7/2 CareTeam/1']);
    expect(await askedFor(OTHER)).toEqual([]);
  });

  test('who is a role asks also for those that depend on the staff of its organisation, not for all that show it', async () => {
    await depend(TEAM, staffOf(ref('Organization/1')));
    await depend(OTHER, 'Organization/1', 'Practitioner/7');
    const role = {
      practitioner: { reference: 'Practitioner/7' },
      organization: { reference: 'Organization/1' },
    };
    expect(await change({ 'PractitionerRole/a': role }, 'PractitionerRole/a')).toBe('done');
    expect([await askedFor(TEAM), await askedFor(OTHER)]).toEqual([['PractitionerRole/a/2 CareTeam/1'], []]);
  });

  test('is shown by a ghost that is registered, be it only a relay ghost; no other is registered for it', async () => {
    const resources = { 'Patient/1': { name: [{ text: 'Anna' }], telecom: [at('@anna:h')] } };
    expect(await change(resources, 'Patient/1')).toBe('nobody-depends');
    expect(calls).toEqual([]);
    await ghosts.saveGhost(pool(), ghost('Patient/1'));
    await change(resources, 'Patient/1');
    expect(calls).toEqual([`name ${ghost('Patient/1')}: A. (client)`]);
  });

  test('who is gone changes nothing', async () => {
    await ghosts.saveGhost(pool(), ghost('Patient/1'));
    expect(await change({}, 'Patient/1')).toBe('gone');
    expect(calls).toEqual([]);
  });
});

describe('of people who changed, those are stored', () => {
  const pulled = async (type: FollowedType, ...resources: readonly StoredResource[]) => {
    const wakeMatrixReader = () => Promise.resolve();
    const intake = createIntake({ ...createBridge(pool()), knownSourceIds, findBusyLanes, wakeMatrixReader });
    return intake.pulled(type, resources);
  };
  const version = (reference: string, over: object = {}) =>
    stored(reference, '1', '2025-09-26T09:00:00.000Z', { ...over });
  const items = async () =>
    (await pool().query<{ source_id: string }>('select source_id from item order by source_id')).rows.map(
      (row) => row.source_id,
    );
  const ledger = async () => (await pool().query('select from resource_version')).rowCount;

  test('on whom a room depends; the ledger has them all', async () => {
    await depend(TEAM, 'Patient/1');
    expect(await pulled('Patient', version('Patient/1'), version('Patient/2'))).toBe(2);
    expect(await pulled('Patient', version('Patient/1'), version('Patient/2'))).toBe(0);
    expect([await items(), await ledger()]).toEqual([['Patient/1/1@2025-09-26T09:00:00.000Z'], 2]);
  });

  test('on whose organisation’s staff one depends, where they are roles', async () => {
    await depend(TEAM, 'Practitioner/7', staffOf(ref('Organization/1')), 'PractitionerRole/c');
    const to = (reference: string) => ({ reference });
    await pulled(
      'PractitionerRole',
      version('PractitionerRole/a', { practitioner: to('Practitioner/7') }),
      version('PractitionerRole/b', { organization: to('Organization/1') }),
      version('PractitionerRole/c'),
      version('PractitionerRole/d', {
        practitioner: to('Practitioner/8'),
        organization: to('Organization/2'),
      }),
    );
    expect(await items()).toEqual(
      ['b', 'c'].map((id) => `PractitionerRole/${id}/1@2025-09-26T09:00:00.000Z`),
    );
  });

  test('and of everything else, all', async () => {
    await pulled('CareTeam', version('CareTeam/9'));
    expect(await items()).toEqual(['CareTeam/9/1@2025-09-26T09:00:00.000Z']);
  });
});

describe('an operator’s word', () => {
  const by = { operator: 'jan' };
  const link = (cause: string) =>
    linkPerson(bridgeWith({}), { reference: ref('Patient/1'), userId: userId('@anna:h') }, { cause, by });
  const unlink = (cause: string) => unlinkPerson(bridgeWith({}), ref('Patient/1'), { cause, by });

  test('asks for the rooms that depend on the person', async () => {
    await depend(TEAM, 'Patient/1');
    expect(await link('link 1')).toEqual([TEAM]);
    expect(await unlink('unlink 1')).toEqual([TEAM]);
    expect(await link('link 2')).toEqual([TEAM]);
    expect(await askedFor(TEAM)).toEqual(['link 1 CareTeam/1', 'unlink 1 CareTeam/1', 'link 2 CareTeam/1']);
  });

  test('that was never given cannot be taken back', async () => {
    expect(await unlink('unlink 1')).toBeUndefined();
  });
});
