// What is said and read, on Synapse and on the stub alike.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { DeliveryId, EventId, MatrixUserId, RoomId } from '../../src/domain/ids.ts';
import type { MessagesPage } from '../../src/matrix/timeline.ts';
import { waitUntil } from '../../stack/wait.ts';
import type { Subject } from './subject.ts';
import { HOMESERVERS, startSubject } from './subject.ts';

type TimelineEvent = MessagesPage['events'][number];

describe.each(HOMESERVERS)('$name', ({ name, isMissing }) => {
  describe.skipIf(isMissing)('timelines', () => {
    let hs: Subject;
    let bot: MatrixUserId;
    let kim: MatrixUserId;
    let roomId: RoomId;
    let lastDelivery = 0;
    let lastTest = 0;
    beforeAll(async () => {
      hs = await startSubject(name);
    });
    beforeEach(async () => {
      lastTest += 1;
      // New ones each time: Synapse answers the same first /sync of a user from a cache for two minutes.
      bot = await hs.ghost(`bot${lastTest}`);
      kim = await hs.ghost(`kim${lastTest}`);
      roomId = await hs.homeserver.createRoom(bot, { room_version: '12', invite: [kim] });
      await hs.homeserver.join(kim, roomId);
      await awaitShown(({ state_key: key, content }) => key === kim && content['membership'] === 'join');
    });
    afterAll(() => hs.end());

    // Synapse shows an event only once all that it began to store before is stored, in whatever room.
    const awaitShown = (isMeant: (event: TimelineEvent) => boolean) =>
      waitUntil(
        async () => {
          const { events } = await hs.homeserver.messagesBefore(bot, roomId, {});
          return events.some(isMeant) ? events : undefined;
        },
        { what: 'the room shows the event', timeoutMs: 30_000, everyMs: 20 },
      );
    const awaitEvent = (id: EventId) => awaitShown(({ event_id: shown }) => shown === id);
    const send = (
      as: MatrixUserId,
      body: string,
      more: { deliveryId?: DeliveryId; timestamp?: number } = {},
    ): Promise<EventId> => {
      lastDelivery += 1;
      const deliveryId = `${bot}/${lastDelivery}` as DeliveryId;
      const content = { body, msgtype: 'm.text' };
      return hs.homeserver.sendEvent({ as, roomId, type: 'm.room.message', deliveryId, content, ...more });
    };
    const say = async (...said: Parameters<typeof send>): Promise<EventId> => {
      const id = await send(...said);
      await awaitEvent(id);
      return id;
    };
    const sync = (as: MatrixUserId, since: string | undefined) =>
      hs.homeserver.sync(as, { since, receipts: true });
    const now = async (as: MatrixUserId): Promise<string> =>
      (await hs.homeserver.changedRooms(as, { since: undefined, receipts: true })).position;
    const inRoom = <Room extends { readonly roomId: RoomId }>(rooms: readonly Room[]): Room | undefined =>
      rooms.find((room) => room.roomId === roomId);
    const sayMany = async (many: number): Promise<readonly EventId[]> => {
      const said: EventId[] = [];
      for (let index = 0; index < many; index += 1) said.push(await send(kim, `message ${index}`));
      const last = said.at(-1);
      if (last !== undefined) await awaitEvent(last);
      return said;
    };

    test('a message is sent once per transaction, whatever the second request says', async () => {
      const deliveryId = `${roomId}/once` as DeliveryId;
      const first = await say(kim, 'first', { deliveryId });
      expect(await say(kim, 'second', { deliveryId })).toBe(first);
      const { events } = await hs.homeserver.messagesBefore(bot, roomId, {});
      expect(events.filter(({ type }) => type === 'm.room.message').map(({ content }) => content)).toEqual([
        { body: 'first', msgtype: 'm.text' },
      ]);
    });

    test('two ghosts with one transaction id get one event: ids are for the whole appservice', async () => {
      const deliveryId = `${roomId}/shared` as DeliveryId;
      const first = await say(kim, 'by Kim', { deliveryId });
      expect(await say(bot, 'by the bot', { deliveryId })).toBe(first);
    });

    test('one transaction id in two rooms is two messages', async () => {
      const deliveryId = `${roomId}/two rooms` as DeliveryId;
      const first = await say(bot, 'here', { deliveryId });
      roomId = await hs.homeserver.createRoom(bot, { room_version: '12' });
      expect(await say(bot, 'there', { deliveryId })).not.toBe(first);
    });

    test('a message shows the time that it is given', async () => {
      const sent = await say(kim, 'long ago', { timestamp: 1_000_000 });
      const { events } = await hs.homeserver.messagesBefore(bot, roomId, {});
      expect(events.find((event) => event.event_id === sent)).toMatchObject({
        event_id: sent,
        room_id: roomId,
        sender: kim,
        type: 'm.room.message',
        origin_server_ts: 1_000_000,
        content: { body: 'long ago', msgtype: 'm.text' },
      });
    });

    test('a redaction empties the message, once per transaction', async () => {
      const eventId = await say(kim, 'by mistake');
      const redaction = { as: kim, roomId, eventId, deliveryId: `${roomId}/redact` as DeliveryId };
      const first = await hs.homeserver.redact(redaction);
      expect(await hs.homeserver.redact(redaction)).toBe(first);
      const events = await awaitEvent(first);
      expect(events.filter(({ type }) => type === 'm.room.redaction')).toHaveLength(1);
      expect(events.find((event) => event.event_id === eventId)?.content).toEqual({});
    });

    test('a message of another is redacted by those alone who may', async () => {
      const eventId = await say(bot, 'by the bot');
      const redaction = { as: kim, roomId, eventId, deliveryId: `${roomId}/others` as DeliveryId };
      await expect(hs.homeserver.redact(redaction)).rejects.toMatchObject({ errcode: 'M_FORBIDDEN' });
      const byBot = { ...redaction, as: bot, eventId: await say(kim, 'by Kim') };
      expect(await hs.homeserver.redact(byBot)).toMatch(/^\$/);
    });

    test('paging back shows everything once, newest first', async () => {
      const said = await sayMany(5);
      const seen: string[] = [];
      let from: string | undefined;
      do {
        const answer = await hs.ask('GET', `/rooms/${encodeURIComponent(roomId)}/messages`, {
          as: bot,
          query: { dir: 'b', limit: 3, ...(from !== undefined && { from }) },
        });
        const { chunk, end } = answer.body as { chunk: readonly { event_id: string }[]; end?: string };
        seen.push(...chunk.map(({ event_id }) => event_id));
        from = end;
      } while (from !== undefined);
      expect(seen.slice(0, 5)).toEqual(said.toReversed());
      expect(new Set(seen).size).toBe(seen.length);
      const state = await hs.homeserver.roomState(bot, roomId);
      // All state of the new room was said once, Kim's invitation besides.
      expect(seen).toHaveLength(5 + state.length + 1);
    });

    test('a timeline is not read by strangers', async () => {
      const stranger = await hs.ghost('stranger');
      await expect(hs.homeserver.messagesBefore(stranger, roomId, {})).rejects.toMatchObject({
        status: 403,
        errcode: 'M_FORBIDDEN',
      });
    });

    test('/sync shows what came since, in order, and nothing when nothing came', async () => {
      const since = await now(bot);
      const said = await sayMany(3);
      await hs.homeserver.putState(bot, roomId, {
        type: 'm.room.topic',
        state_key: '',
        content: { topic: 'x' },
      });
      await awaitShown(({ type }) => type === 'm.room.topic');
      const answer = await sync(bot, since);
      const { events = [] } = inRoom(answer.rooms) ?? {};
      expect(answer.behind).toEqual([]);
      expect(events.map(({ type, state_key }) => [type, state_key])).toEqual([
        ...said.map(() => ['m.room.message', undefined]),
        ['m.room.topic', ''],
      ]);
      expect(events.slice(0, 3).map(({ event_id }) => event_id)).toEqual(said);
      expect((await sync(bot, answer.position)).rooms).toEqual([]);
    });

    test('/sync shows no rooms that the user has left or is only invited to', async () => {
      const invited = await hs.ghost('invited');
      const since = await now(kim);
      await hs.homeserver.leave(kim, roomId);
      await hs.homeserver.invite(bot, roomId, invited);
      await say(bot, 'to nobody');
      const toKim = await sync(kim, since);
      expect([toKim.rooms, toKim.behind]).toEqual([[], []]);
      expect(
        (await hs.homeserver.changedRooms(invited, { since: undefined, receipts: true })).behind,
      ).toEqual([]);
    });

    test('/sync shows a room made since as if there were more, and reading on shows it from its creation', async () => {
      const since = await now(bot);
      roomId = await hs.homeserver.createRoom(bot, { room_version: '12', invite: [kim] });
      expect((await sync(bot, since)).behind).toEqual([roomId]);
      const { events } = await hs.homeserver.messagesAfter(bot, roomId, since);
      expect(events.map(({ type, state_key }) => [type, state_key])).toEqual([
        ['m.room.create', ''],
        ['m.room.member', bot],
        ['m.room.power_levels', ''],
        ['m.room.join_rules', ''],
        ['m.room.history_visibility', ''],
        ['m.room.guest_access', ''],
        ['m.room.member', kim],
      ]);
    });

    test('where something was said is told without what was said, and nowhere when nothing was', async () => {
      const since = await now(bot);
      const quiet = await hs.homeserver.createRoom(bot, { room_version: '12' });
      const changed = (from: string) => hs.homeserver.changedRooms(bot, { since: from, receipts: true });
      await say(kim, 'hello');
      const first = await changed(since);
      expect(first.behind.toSorted()).toEqual([roomId, quiet].toSorted());
      await say(kim, 'hello again');
      const { behind, position } = await changed(first.position);
      expect(behind).toEqual([roomId]);
      expect((await changed(position)).behind).toEqual([]);
    });

    test('reading on from a token of /sync shows everything since once, oldest first, page by page', async () => {
      await sayMany(3);
      const since = await now(bot);
      const said = await sayMany(130);
      const pages: (readonly string[])[] = [];
      let position: string | undefined = since;
      while (position !== undefined) {
        const page: MessagesPage = await hs.homeserver.messagesAfter(bot, roomId, position);
        pages.push(page.events.map(({ event_id }) => event_id));
        position = page.end;
      }
      expect(pages.map((page) => page.length)).toEqual([100, 30, 0]);
      expect(pages.flat()).toEqual(said);
    });

    test('reading on from a token goes on where a message has come since', async () => {
      const since = await now(bot);
      const [first] = await sayMany(1);
      const { events, end = '' } = await hs.homeserver.messagesAfter(bot, roomId, since);
      const [second] = await sayMany(1);
      const next = await hs.homeserver.messagesAfter(bot, roomId, end);
      expect([events, next.events].map((page) => page.map(({ event_id }) => event_id))).toEqual([
        [first],
        [second],
      ]);
    });
  });
});
