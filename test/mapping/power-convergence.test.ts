// Convergence of power levels: the desired ones as far as the bot's own go, and never more power than desired.
import { expect, test, vi } from 'vitest';
import { powerLevels } from '../../src/mapping/power-levels.ts';
import { BOT, userId } from '../builders/matrix.ts';
import type { Levels, RoomModel } from '../builders/room-model.ts';
import { expectRefusedLevels, SINGLE_LEVELS } from '../builders/room-model.ts';
import type { Scene } from '../builders/room-scenes.ts';
import { ACCOUNTS, holds, MAKER } from '../builders/room-scenes.ts';

// A second or less each, but on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const MESSAGES = [
  'm.room.message',
  'm.room.encrypted',
  'm.room.redaction',
  'm.reaction',
  'm.sticker',
  ...['m.poll.start', 'm.poll.response', 'm.poll.end'],
  ...['start', 'response', 'end'].map((part) => `org.matrix.msc3381.poll.${part}`),
];

/** What everybody is to have: members theirs, former accounts theirs at most, all others the default. */
function desiredLevels({ desired }: Scene, model: RoomModel): Levels & { users: Record<string, number> } {
  const people = desired.members;
  const roomVersion = String(model.contentOf('m.room.create')?.['room_version']);
  return { ...powerLevels(desired, { bot: BOT, people, creators: model.creators, roomVersion }) };
}

/** Accounts that somebody had and nobody has. */
function formerAccounts({ desired: { members } }: Scene): ReadonlySet<string> {
  const present = new Set(members.map((member) => member.userId));
  return new Set(members.flatMap((member) => member.formerUserIds).filter((id) => !present.has(id)));
}

const effective = (levels: Levels, map: 'events' | 'users' | 'notifications', key: string): number => {
  const found = Object.hasOwn(levels[map] ?? {}, key) ? levels[map]?.[key] : undefined;
  if (found !== undefined) return found;
  if (map === 'notifications') return 50;
  const fallback =
    map === 'users' ? 'users_default' : MESSAGES.includes(key) ? 'events_default' : 'state_default';
  return levels[fallback] ?? SINGLE_LEVELS[fallback];
};

/** The bot may not change the levels at all. */
const isSilent = (model: RoomModel): boolean =>
  model.refuses((copy) => {
    copy.putState(BOT, 'm.room.power_levels', '', { ...model.levels(), test: 1 });
  });

test('levels become the desired ones, except where the bot lacks the power', () => {
  holds((scene, { after }) => {
    const { users: wantedUsers, events, notifications, ...single } = desiredLevels(scene, after);
    const levels = after.levels();
    for (const [key, want] of Object.entries(single)) {
      if (levels[key as keyof typeof SINGLE_LEVELS] !== want)
        expectRefusedLevels(after, BOT, { [key]: want });
    }
    const maps = [
      ['events', events ?? {}],
      ['notifications', notifications ?? {}],
    ] as const;
    for (const [map, wanted] of maps) {
      for (const [key, want] of Object.entries(wanted)) {
        if (effective(levels, map, key) !== want) expectRefusedLevels(after, BOT, { [map]: { [key]: want } });
      }
    }
    const formers = formerAccounts(scene);
    for (const id of new Set([...Object.keys(levels.users ?? {}), ...Object.keys(wantedUsers)])) {
      if (id === BOT || after.creators.includes(id) || formers.has(id)) continue;
      const want = wantedUsers[id] ?? single.users_default ?? 0;
      if (after.levelOf(id) !== want) expectRefusedLevels(after, BOT, { users: { [id]: want } });
    }
    // Types that the template does not know go by the default.
    for (const type of ['m.other', 'constructor']) {
      const is = Object.hasOwn(levels.events ?? {}, type) ? (levels.events?.[type] ?? 0) : -1;
      if (is >= 0) expect(is > after.levelOf(BOT) || isSilent(after)).toBe(true);
    }
  });
});

test('no power is raised above the desired one, neither by a user’s level nor by a lower required level', () => {
  holds((scene, { before, after }) => {
    const wanted = desiredLevels(scene, after);
    const formers = formerAccounts(scene);
    const mostOf = (id: string): number =>
      Math.max(
        effective(wanted, 'users', id),
        ...scene.desired.members
          .filter(({ formerUserIds }) => formers.has(id) && formerUserIds.includes(userId(id)))
          .map((member) => member.level),
      );
    for (const id of [...ACCOUNTS, MAKER, userId('@stranger:h')]) {
      if (after.creators.includes(id)) continue;
      expect(after.levelOf(id)).toBeLessThanOrEqual(Math.max(before.levelOf(id), mostOf(id)));
    }
    expect(after.levelOf(BOT)).toBeLessThanOrEqual(Math.max(before.levelOf(BOT), 110));
    if (before.contentOf('m.room.power_levels') === undefined) return;
    const [was, is] = [before.levels(), after.levels()];
    for (const key of ['invite', 'kick', 'ban', 'redact', 'events_default', 'state_default'] as const) {
      const least = Math.min(was[key] ?? SINGLE_LEVELS[key], wanted[key] ?? 0);
      expect(is[key] ?? SINGLE_LEVELS[key]).toBeGreaterThanOrEqual(least);
    }
    for (const map of ['events', 'notifications'] as const) {
      for (const key of new Set([was, is, wanted].flatMap((levels) => Object.keys(levels[map] ?? {})))) {
        const least = Math.min(effective(was, map, key), effective(wanted, map, key));
        expect([key, effective(is, map, key) >= least]).toEqual([key, true]);
      }
    }
  });
});

test('the bot keeps its power', () => {
  holds((_scene, { before, after }) => {
    expect(after.levelOf(BOT)).toBeGreaterThanOrEqual(before.levelOf(BOT));
  });
});

test('keys that the specification does not know stay', () => {
  holds((_scene, { before, after }) => {
    expect(after.levels()).toMatchObject('historical' in before.levels() ? { historical: 100 } : {});
  });
});
