// Convergence of state and members: from whatever a room is, to what it is to be.
import { expect, test, vi } from 'vitest';
import type { MatrixUserId } from '../../src/domain/ids.ts';
import { memberBase } from '../../src/mapping/room-changes.ts';
import { BOT, userId } from '../builders/matrix.ts';
import type { RoomModel } from '../builders/room-model.ts';
import { expectRefusedLevels } from '../builders/room-model.ts';
import { again, holds, isOwn } from '../builders/room-scenes.ts';

// A second or less each, but on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const isIn = (model: RoomModel, id: string): boolean =>
  ['join', 'invite'].includes(model.membershipOf(id) ?? '');
const isUnkickable = (model: RoomModel, id: string): boolean =>
  model.refuses((copy) => {
    copy.apply({ kind: 'kick', userId: userId(id) });
  });
const inTheRoom = (model: RoomModel): readonly MatrixUserId[] =>
  model
    .state()
    .filter(({ type, state_key }) => type === 'm.room.member' && isIn(model, state_key))
    .map(({ state_key }) => userId(state_key));

test('the homeserver accepts every change, and every change has an effect', () => {
  holds(() => undefined);
});

test('a second run changes nothing; after all invited users have joined, a third run settles the room', () => {
  holds((scene, first) => {
    const second = again(scene, first);
    expect(second.changes).toEqual([]);
    for (const id of inTheRoom(second.after)) {
      if (!isOwn(id) && second.after.membershipOf(id) === 'invite') second.after.join(id);
    }
    const third = again(scene, second);
    const formers = new Set(scene.desired.members.flatMap(({ formerUserIds }) => formerUserIds));
    for (const change of third.changes) {
      if (change.kind === 'put-state') expect(change.event.type).toBe('m.room.power_levels');
      else {
        expect(change.kind).toMatch(/^(kick|leave)$/);
        expect(formers).toContain('userId' in change ? change.userId : undefined);
      }
    }
    expect(again(scene, third).changes).toEqual([]);
  });
});

test('the base can be computed from the room after the changes', () => {
  holds((scene, first) => {
    const base = new Set<string>(memberBase(scene.desired, first.after.state(), { base: scene.base }).keys());
    expect(again(scene, { ...first, base }).changes).toEqual([]);
  });
});

test('a difference remains only where the bot lacks the power', () => {
  holds((scene, { after }) => {
    for (const { type, state_key: key, content } of scene.desired.state) {
      const is = after.contentOf(type, key);
      const isBlank = type === 'm.room.topic' && content['topic'] === '' && (is?.['topic'] ?? '') === '';
      if (isBlank || JSON.stringify(is) === JSON.stringify(content)) continue;
      const refused = after.refuses((copy) => {
        copy.putState(BOT, type, key, content);
      });
      expect([type, refused]).toEqual([type, true]);
    }
  });
});

test('everyone whom FHIR names is in, unless banned, gone by their own choice, or the bot cannot invite', () => {
  holds(({ desired, actual, base, policy }, { before, after }) => {
    for (const { userId: id, kind } of desired.members) {
      const was = before.membershipOf(id);
      const by = actual.find(({ type, state_key: key }) => type === 'm.room.member' && key === id)?.sender;
      const wentAway =
        was === 'leave' &&
        base.has(id) &&
        ((by === id && kind === 'user') || (by === '@lead:h' && policy !== 'ignore'));
      if (was === 'ban' || was === 'join') expect(after.membershipOf(id)).toBe(was);
      else if (wentAway) expect(after.membershipOf(id)).toBe('leave');
      else if (isIn(after, id)) expect(after.membershipOf(id)).toBe(kind === 'ghost' ? 'join' : 'invite');
      else {
        const refused = after.refuses((copy) => {
          copy.apply({ kind: 'invite', userId: id });
        });
        expect(refused).toBe(true);
      }
    }
  });
});

test('a user whom FHIR dropped is out, and everyone is out of a closed room, unless as powerful as the bot', () => {
  holds(({ desired, base }, { after }) => {
    const kept = new Set(
      desired.members.flatMap(({ userId: id, relayGhost, formerUserIds }) => [
        id,
        relayGhost,
        ...formerUserIds,
      ]),
    );
    for (const id of inTheRoom(after)) {
      if (id === BOT || kept.has(id) || (desired.phase !== 'closed' && !base.has(id))) continue;
      expect([id, isOwn(id)]).toEqual([id, false]);
      expect(isUnkickable(after, id)).toBe(true);
    }
  });
});

test('a user who joined in Matrix stays, unless FHIR leads; whom the bridge itself brought in unasked is out', () => {
  holds(({ desired, actual, base, policy }, { before, after }) => {
    if (desired.phase === 'closed') return;
    const known = new Set(
      desired.members.flatMap(({ userId: id, relayGhost, formerUserIds }) => [
        id,
        relayGhost,
        ...formerUserIds,
      ]),
    );
    for (const id of inTheRoom(before)) {
      if (id === BOT || known.has(id) || base.has(id)) continue;
      const by = actual.find(({ type, state_key: key }) => type === 'm.room.member' && key === id)?.sender;
      const hasToGo = by === BOT || isOwn(id) || policy === 'ignore';
      if (hasToGo) expect(isIn(after, id) && !isUnkickable(after, id)).toBe(false);
      else expect(after.membershipOf(id)).toBe(before.membershipOf(id));
    }
  });
});

test('a former account keeps its level until the present one has joined, and then leaves', () => {
  holds(({ desired }, { before, after }) => {
    const taken = new Set(desired.members.flatMap(({ userId: id, relayGhost }) => [id, relayGhost]));
    for (const id of inTheRoom(before)) {
      const successors = desired.members.filter(({ formerUserIds }) => formerUserIds.includes(id));
      if (successors.length === 0 || taken.has(id)) continue;
      const awaited = successors.filter(
        ({ kind, userId: next }) => kind === 'user' && before.membershipOf(next) !== 'join',
      );
      if (awaited.length > 0) {
        expect(after.membershipOf(id)).toBe(before.membershipOf(id));
        const most = Math.max(...awaited.map((member) => member.level));
        if (after.levelOf(id) < most) expectRefusedLevels(after, BOT, { users: { [id]: most } });
      } else if (isIn(after, id)) expect(isUnkickable(after, id)).toBe(true);
    }
  });
});
