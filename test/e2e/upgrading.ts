// A team with a conversation, which people upgrade with a real client, and how both stand before and after.
import { MatrixError, type MatrixClient } from 'matrix-js-sdk';
import { expect } from 'vitest';
import { communication } from '../../stack/demo/care-network.ts';
import type { MatrixPerson } from '../../stack/demo/person.ts';
import { aliases, practitioner, request, startUser, team } from './care.ts';
import { awaitIdle } from './bridges.ts';
import type { TestContext } from './context.ts';
import { recordsOf } from './context.ts';
import type { BotView } from './rooms.ts';
import { botView, eventually, ghostOf, runCommand } from './rooms.ts';

/** What Matrix answers to those without the power. */
export const FORBIDDEN = { errcode: 'M_FORBIDDEN' };

/** The space of the team, or its conversation. */
export type Which = 'space' | 'talk';

/** What a test of upgrades works with. */
export interface Upgrading {
  readonly context: TestContext;
  readonly bot: BotView;
  /** A member of both who is no lead. */
  readonly doctor: MatrixPerson & { readonly userId: string };
  /** The rooms that have the places now. */
  readonly ids: Record<Which, string>;
  /** With the prefix of this test's ids. */
  readonly own: (reference: string) => string;
  /** Puts a new room in the place of the old one, as the client does it that `upgrade` calls. @returns the old one */
  readonly replace: (
    which: Which,
    version: string,
    upgrade: (old: string) => Promise<string>,
  ) => Promise<string>;
  /** Expects the links, aliases and members of `ids`, and that nothing differs from FHIR. */
  readonly expectWhole: () => Promise<void>;
  /** Expects that nothing differs from FHIR. */
  readonly inSync: (...references: readonly string[]) => Promise<void>;
  /** Says something in the conversation both ways. */
  readonly expectCrossing: (text: string) => Promise<void>;
  /** Expects what was said in the new room not in the old one, and nothing recorded that the nurse says there, who is told. */
  readonly expectSilence: (old: string, said: string) => Promise<void>;
  readonly end: () => Promise<void>;
}

/** Makes a team of the nurse, its lead, a doctor and the daughter, with a conversation. */
export async function startUpgrading(context: TestContext): Promise<Upgrading> {
  const { prefix, platform, nurse } = context;
  const own = (reference: string): string => reference.replace('/', `/${prefix}`);
  const doctor = await startUser(context, 'doctor');
  await platform.put(practitioner(`${prefix}doctor`, 'Dr. Dirk', doctor.userId));
  const lead = { reference: own('Practitioner/nurse'), role: 'primary' };
  const others = ['Practitioner/doctor', 'RelatedPerson/daughter'].map(own);
  await platform.put(team(prefix, `${prefix}team`, [lead, ...others]));
  await platform.put(request(prefix, `${prefix}talk`, [own('CareTeam/team')]));
  const ids = { space: '', talk: '' };
  await Promise.all(
    [nurse, doctor].map(async (person) => {
      ids.space = await person.join(aliases.space(`${prefix}team`));
      ids.talk = await person.join(aliases.room(`${prefix}talk`));
    }),
  );
  await nurse.hear(ids.talk, 'The first message');
  await awaitIdle(context.bridge);
  const parts = { context, bot: botView(), doctor, ids, own };
  return {
    ...parts,
    replace: (which, version, upgrade) => replace(parts, which, version, upgrade),
    inSync: (...references) => inSync(parts, references),
    expectWhole: () => expectWhole(parts),
    expectCrossing: (text) => expectCrossing(parts, text),
    expectSilence: (old, said) => expectSilence(parts, old, said),
    async end() {
      doctor.leaveClient();
      await context.end();
    },
  };
}

/** Invites someone; into a room that is open to the space they may have come by themselves. */
export async function letIn(client: MatrixClient, roomId: string, userId: string): Promise<void> {
  await client.invite(roomId, userId).catch((error: unknown) => {
    if (!(error instanceof MatrixError) || !error.message.includes('already in the room')) throw error;
  });
}

type Parts = Pick<Upgrading, 'context' | 'bot' | 'doctor' | 'ids' | 'own'>;

async function replace(
  { context: { prefix }, bot, doctor, ids }: Parts,
  which: Which,
  version: string,
  upgrade: (old: string) => Promise<string>,
): Promise<string> {
  const old = ids[which];
  const next = await upgrade(old);
  ids[which] = next;
  await eventually(async () => (await bot.members(next))[doctor.userId]).toBe('invite');
  await doctor.join(which === 'space' ? aliases.space(`${prefix}team`) : aliases.room(`${prefix}talk`));
  const creation = (await bot.state(next))['m.room.create '];
  expect(creation).toMatchObject({ room_version: version, predecessor: { room_id: old } });
  return old;
}

async function expectWhole(parts: Parts): Promise<void> {
  const { context, bot, doctor, ids, own } = parts;
  const members = [bot.userId, context.nurse.userId, doctor.userId, ghostOf(own('RelatedPerson/daughter'))];
  await eventually(() => standing(parts)).toEqual({
    aliases: [ids.space, ids.talk],
    children: [ids.talk],
    parents: [ids.space],
    members: [members.toSorted(), members.toSorted()],
  });
  await inSync(parts, ['CareTeam/team', 'CommunicationRequest/talk']);
}

async function inSync({ context: { bridge }, own }: Parts, references: readonly string[]): Promise<void> {
  await awaitIdle(bridge);
  const { stdout } = await runCommand(bridge, 'resync', '--dry-run', ...references.map(own));
  expect(stdout).toBe(`${references.length} compared, 0 would be changed, 0 failed.\n`);
}

async function standing({ context: { prefix }, bot, ids }: Parts): Promise<unknown> {
  const linksIn = async (roomId: string, type: string): Promise<readonly string[]> =>
    Object.entries(await bot.state(roomId))
      .filter(([key, { via }]) => key.startsWith(`${type} `) && via !== undefined)
      .map(([key]) => key.slice(type.length + 1));
  const joinedIn = async (roomId: string): Promise<readonly string[]> =>
    Object.entries(await bot.members(roomId))
      .filter(([, membership]) => membership === 'join')
      .map(([userId]) => userId)
      .toSorted();
  const names = [aliases.space(`${prefix}team`), aliases.room(`${prefix}talk`)];
  return {
    aliases: await Promise.all(names.map(bot.find)),
    children: await linksIn(ids.space, 'm.space.child'),
    parents: await linksIn(ids.talk, 'm.space.parent'),
    members: await Promise.all([ids.space, ids.talk].map(joinedIn)),
  };
}

async function recorded({ context: { platform, prefix } }: Parts): Promise<readonly unknown[]> {
  const records = await recordsOf(platform, `${prefix}talk`);
  return records.map(({ payload }) => payload[0]?.contentString);
}

async function expectCrossing(parts: Parts, text: string): Promise<void> {
  const { context, ids } = parts;
  const { nurse, platform, prefix } = context;
  await nurse.say(ids.talk, text);
  await eventually(() => recorded(parts)).toContain(text);
  await platform.post(communication(prefix, `${prefix}talk`, `${text}, answered`));
  await nurse.hear(ids.talk, `${text}, answered`);
}

async function expectSilence(parts: Parts, old: string, said: string): Promise<void> {
  const { nurse } = parts.context;
  const before = await nurse.history(old);
  expect(before.filter((text) => text.startsWith(said))).toEqual([]);
  const wrong = `In the wrong room ${old}`;
  await nurse.say(old, wrong);
  await eventually(() => nurse.history(old)).toEqual([
    ...before,
    wrong,
    expect.stringContaining('goes on in the room that took the place of this one'),
  ]);
  expect(await recorded(parts)).not.toContain(wrong);
}
