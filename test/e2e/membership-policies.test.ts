// What becomes of members who come and go in Matrix where FHIR is not to follow: proposed as a Task, or undone.
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import type { MatrixPerson } from '../../stack/demo/person.ts';
import { aliases, practitioner, startUser, team } from './care.ts';
import { awaitIdle } from './bridges.ts';
import type { TestContext } from './context.ts';
import { startContext } from './context.ts';
import { botView, eventually } from './rooms.ts';

describe.skipIf(inject('stackMissing') !== undefined)('members who come and go in Matrix', () => {
  let context: TestContext;
  let doctor: MatrixPerson & { readonly userId: string };
  let spaceId: string;

  async function start(membership: 'suggest' | 'ignore'): Promise<void> {
    context = await startContext({ BRIDGE_MATRIX_MEMBERSHIP: membership });
    const { prefix, platform, nurse } = context;
    doctor = await startUser(context, 'doctor');
    await platform.put(practitioner(`${prefix}doctor`, 'Dr. Dirk', doctor.userId));
    const nurseAsLead = { reference: `Practitioner/${prefix}nurse`, role: 'primary' };
    await platform.put(team(prefix, `${prefix}team`, [nurseAsLead, `Practitioner/${prefix}doctor`]));
    spaceId = await nurse.join(aliases.space(`${prefix}team`));
    await doctor.join(aliases.space(`${prefix}team`));
    await awaitIdle(context.bridge);
  }
  const membershipOf = (userId: string) => async (): Promise<unknown> =>
    (await botView().members(spaceId))[userId];
  const versionOfTeam = async (): Promise<unknown> =>
    (await context.platform.read(`CareTeam/${context.prefix}team`))['meta'];

  afterEach(async () => {
    doctor.leaveClient();
    await context.end();
  });

  describe('under the policy suggest', () => {
    beforeEach(() => start('suggest'));

    test('are proposed as a Task; the team stays as it is, and nobody is invited again', async () => {
      const { prefix, platform } = context;
      const before = await versionOfTeam();
      await doctor.client.leave(spaceId);

      const found = (): Promise<readonly unknown[]> =>
        platform.search(`Task?focus=CareTeam/${prefix}team&_elements=status,intent,code,focus,for,input`);
      await eventually(async () => (await found())[0]).toMatchObject({
        status: 'requested',
        intent: 'proposal',
        code: { text: 'Remove member' },
        focus: { reference: `CareTeam/${prefix}team` },
        for: { reference: `Patient/${prefix}client` },
        input: [{ type: { text: 'member' }, valueReference: { reference: `Practitioner/${prefix}doctor` } }],
      });
      expect(await found()).toHaveLength(1);
      await awaitIdle(context.bridge);
      expect(await versionOfTeam()).toEqual(before);
      expect(await membershipOf(doctor.userId)()).toBe('leave');
    });
  });

  describe('under the policy ignore', () => {
    beforeEach(() => start('ignore'));

    test('are undone: who was removed is invited again, who was brought in is removed', async () => {
      const { nurse } = context;
      const before = await versionOfTeam();
      await nurse.client.kick(spaceId, doctor.userId);
      await eventually(membershipOf(doctor.userId)).toBe('invite');

      const stranger = await startUser(context, 'stranger');
      await nurse.client.invite(spaceId, stranger.userId);
      await stranger.client.joinRoom(spaceId);
      await eventually(membershipOf(stranger.userId)).toBe('leave');
      stranger.leaveClient();

      await awaitIdle(context.bridge);
      expect(await versionOfTeam()).toEqual(before);
    });
  });
});
