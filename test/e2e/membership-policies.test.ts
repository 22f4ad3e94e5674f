// What becomes of people who come and go in Matrix where FHIR is not to follow: proposed as a Task, or undone.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { MatrixPerson } from '../../stack/demo/person.ts';
import { awaitIdle } from './bridges.ts';
import { awaitRemoval, bringIn } from './bring-in.ts';
import { aliases, practitioner, putAndSettle, request, startUser, team } from './care.ts';
import type { TestContext } from './context.ts';
import { startContext } from './context.ts';
import { botView, eventually, ghostOf, runCommand } from './rooms.ts';

type User = MatrixPerson & { readonly userId: string };

describe.skipIf(inject('stackMissing') !== undefined)('people who come and go in Matrix', () => {
  let context: TestContext;
  let member: User;
  let doctor: User;
  let colleague: User;
  let stranger: User;
  let spaceId: string;
  let roomId: string;
  let written: unknown;

  const own = (reference: string): string => reference.replace('/', `/${context.prefix}`);
  const requestNow = () => context.platform.read(own('CommunicationRequest/talk'));
  const versionOfTeam = async (): Promise<unknown> =>
    (await context.platform.read(own('CareTeam/members')))['meta'];
  const membershipIn = (id: () => string) => (userId: string) => async (): Promise<unknown> =>
    (await botView().members(id()))[userId];
  const inSpace = membershipIn(() => spaceId);
  const inRoom = membershipIn(() => roomId);
  const inSync = async (): Promise<void> => {
    await awaitIdle(context.bridge);
    const args = ['resync', '--dry-run', own('CommunicationRequest/talk')];
    const { stdout } = await runCommand(context.bridge, ...args);
    expect(stdout).toBe('1 compared, 0 would be changed, 0 failed.\n');
  };

  async function start(membership: 'suggest' | 'ignore'): Promise<void> {
    context = await startContext({ BRIDGE_MATRIX_MEMBERSHIP: membership });
    [member, doctor, colleague, stranger] = await Promise.all([
      startUser(context, 'member'),
      startUser(context, 'doctor'),
      startUser(context, 'colleague'),
      startUser(context, 'stranger'),
    ]);
    const { prefix, platform } = context;
    await Promise.all([
      platform.put(practitioner(`${prefix}member`, 'Dr. Mia', member.userId)),
      platform.put(practitioner(`${prefix}doctor`, 'Dr. Dirk', doctor.userId)),
      platform.put(practitioner(`${prefix}colleague`, 'Dr. Cara', colleague.userId)),
    ]);
    await makeSpace();
    await makeConversation();
  }

  /** A space of the nurse, its lead, and a member. */
  async function makeSpace(): Promise<void> {
    const { prefix, platform, nurse } = context;
    const nurseAsLead = { reference: own('Practitioner/nurse'), role: 'primary' };
    await platform.put(team(prefix, `${prefix}members`, [nurseAsLead, own('Practitioner/member')]));
    const alias = aliases.space(`${prefix}members`);
    [spaceId = ''] = await Promise.all([nurse, member].map((person) => person.join(alias)));
  }

  /** A conversation of the nurse, a lead, with a doctor and the daughter; a colleague and a stranger outside it. */
  async function makeConversation(): Promise<void> {
    const { prefix, platform, nurse } = context;
    // By a team of theirs the bridge knows who the colleague is.
    await putAndSettle(context, team(prefix, `${prefix}elsewhere`, [own('Practitioner/colleague')]));
    const nurseAsLead = { reference: own('Practitioner/nurse'), role: 'primary' };
    await platform.put(team(prefix, `${prefix}team`, [nurseAsLead]));
    const about = { about: [{ reference: own('CareTeam/team') }] };
    const recipients = ['Practitioner/nurse', 'Practitioner/doctor'].map(own);
    await platform.put(request(prefix, `${prefix}talk`, recipients, about));
    const joined = [nurse, doctor].map((person) => person.join(aliases.room(`${prefix}talk`)));
    [roomId = ''] = await Promise.all(joined);
    await nurse.hear(roomId, 'The first message');
    await awaitIdle(context.bridge);
    written = await requestNow();
  }

  async function end(): Promise<void> {
    for (const user of [member, doctor, colleague, stranger]) user.leaveClient();
    await context.end();
  }

  describe('under the policy suggest', () => {
    beforeAll(() => start('suggest'));
    afterAll(end);

    test('a member who leaves a space is proposed as a Task; the team stays as it is, and nobody is invited again', async () => {
      const { prefix, platform } = context;
      const before = await versionOfTeam();
      await member.client.leave(spaceId);

      const found = (): Promise<readonly unknown[]> =>
        platform.search(`Task?focus=CareTeam/${prefix}members&_elements=status,intent,code,focus,for,input`);
      await eventually(async () => (await found())[0]).toMatchObject({
        status: 'requested',
        intent: 'proposal',
        code: { text: 'Remove member' },
        focus: { reference: `CareTeam/${prefix}members` },
        for: { reference: `Patient/${prefix}client` },
        input: [{ type: { text: 'member' }, valueReference: { reference: `Practitioner/${prefix}member` } }],
      });
      expect(await found()).toHaveLength(1);
      await awaitIdle(context.bridge);
      expect(await versionOfTeam()).toEqual(before);
      expect(await inSpace(member.userId)()).toBe('leave');
    });

    const tasks = (): Promise<readonly unknown[]> =>
      context.platform.search(
        `Task?focus=${own('CommunicationRequest/talk')}&_sort=authored-on&_elements=status,intent,code,focus,for,requester,input`,
      );
    const ignored = (reason: string) => async (): Promise<number> => {
      const metrics = await (await fetch(`${context.bridge.opsUrl}/metrics`)).text();
      const line = new RegExp(`^bridge_items_total\\{[^}]*reason="${reason}"[^}]*\\} (\\d+)$`, 'm');
      return Number(line.exec(metrics)?.[1] ?? 0);
    };
    const typed = (reference: string) => ({ reference: own(reference), type: reference.split('/')[0] });
    const proposal = (text: string, requester: string, member: string): unknown =>
      expect.objectContaining({
        ...{ status: 'requested', intent: 'proposal', code: { text } },
        focus: typed('CommunicationRequest/talk'),
        for: typed('Patient/client'),
        requester: typed(requester),
        input: [{ type: { text: 'member' }, valueReference: typed(member) }],
      });

    test('those who come to and go from a conversation are each proposed as a Task once; the request stays as it is, and so does the room', async () => {
      const { nurse } = context;
      const left = proposal('Remove member', 'Practitioner/doctor', 'Practitioner/doctor');
      await doctor.client.leave(roomId);
      await eventually(tasks).toEqual([left]);

      const came = proposal('Add member', 'Practitioner/colleague', 'Practitioner/colleague');
      await nurse.client.invite(roomId, colleague.userId);
      await colleague.client.joinRoom(roomId);
      await eventually(tasks).toEqual([left, came]);

      // Neither can be proposed: the request has no word for a requester who went, and the colleague is no recipient yet.
      const daughter = ghostOf(own('RelatedPerson/daughter'));
      await nurse.client.kick(roomId, daughter);
      await colleague.client.leave(roomId);
      await eventually(ignored('not-expressible')).toBe(1);
      await eventually(ignored('not-a-member')).toBe(1);

      await inSync();
      expect(await tasks()).toEqual([left, came]);
      expect(await requestNow()).toEqual(written);
      expect(await inRoom(doctor.userId)()).toBe('leave');
      expect(await inRoom(daughter)()).toBe('leave');
    });
  });

  describe('under the policy ignore', () => {
    beforeAll(() => start('ignore'));
    afterAll(end);

    test('comings and goings in a space are undone: who was removed is invited again, who was brought in is removed', async () => {
      const { nurse } = context;
      const before = await versionOfTeam();
      await nurse.client.kick(spaceId, member.userId);
      await eventually(inSpace(member.userId)).toBe('invite');

      const other = await startUser(context, 'other');
      await bringIn(nurse, other, spaceId);
      await awaitRemoval(spaceId, other.userId);
      other.leaveClient();

      await awaitIdle(context.bridge);
      expect(await versionOfTeam()).toEqual(before);
    });

    test('in a conversation who was removed is invited again, a ghost is back, and who was brought in is removed', async () => {
      const { nurse } = context;
      await nurse.client.kick(roomId, doctor.userId);
      await eventually(inRoom(doctor.userId)).toBe('invite');
      await doctor.client.joinRoom(roomId);

      const daughter = ghostOf(own('RelatedPerson/daughter'));
      await nurse.client.kick(roomId, daughter);
      await eventually(inRoom(daughter)).toBe('join');

      for (const guest of [colleague, stranger]) {
        await bringIn(nurse, guest, roomId);
        await awaitRemoval(roomId, guest.userId);
      }
      await inSync();
      expect(await requestNow()).toEqual(written);
    });

    test('in a conversation who left by themselves stays a recipient and is not invited again and again', async () => {
      await doctor.client.leave(roomId);
      await inSync();
      expect(await inRoom(doctor.userId)()).toBe('leave');
      expect(await requestNow()).toEqual(written);
    });
  });
});
