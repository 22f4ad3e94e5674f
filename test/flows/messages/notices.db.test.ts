// Notices to the senders of messages, on real tables: one a minute for each reason, and none of them lost.
import { describe, expect, test } from 'vitest';
import type { NoticeReason } from '../../../src/domain/notices.ts';
import { messageNoticeItemSchema } from '../../../src/flows/items/message-notice.ts';
import { sendMessageNotice } from '../../../src/flows/messages/notice.ts';
import { tellSender } from '../../../src/flows/messages/tell-sender.ts';
import { communicationIdOf } from '../../../src/mapping/delivery-ids.ts';
import { TEXTS } from '../../../src/mapping/language/languages.ts';
import { BridgeError } from '../../../src/telemetry/errors.ts';
import { ATTEMPT } from '../../builders/bridge.ts';
import { edit, reaction } from '../../builders/changes.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { ref } from '../../builders/fhir.ts';
import { eventId, message } from '../../builders/matrix.ts';
import { MESSAGE_OPTIONS } from '../../builders/messages.ts';
import { committed, createRelayWorld } from '../../builders/relay-world.ts';
import { createToldWorld } from '../../builders/told-world.ts';

const pool = useBridgeDatabase();
const MINUTE = 60_000;
const LOST = /of a kind that cannot be recorded/;
const lost = (count: number) => expect.stringContaining(`Jan: ${count} messages you sent`) as string;

function createWorld(settings?: Parameters<typeof createToldWorld>[1]) {
  const world = createToldWorld(pool(), { sendStatus: false, ...settings });
  return {
    ...world,
    /** A message of which its sender is to be told. @returns the item of its notice */
    failed: async (id: string, reason: NoticeReason = 'unsupported-content', sender = '@jan:example.org') => {
      const event = message({ event_id: id, sender });
      const [item] = await world.bridge.transact((tx) => tellSender(world.bridge, tx, event, [reason]));
      if (item === undefined) throw new TypeError('Expected a notice');
      return item;
    },
  };
}

describe('a lost picture', () => {
  test('is told at once, by a reply to it that mentions its sender', async () => {
    const { failed, run, sent } = createWorld();
    expect(await run(await failed('$1'))).toMatchObject({ kind: 'done' });
    expect(sent).toMatchObject([
      {
        as: '@_fhir_bot:example.org',
        content: {
          msgtype: 'm.notice',
          body: expect.stringMatching(LOST) as string,
          formatted_body: expect.stringContaining(
            '<a href="https://matrix.to/#/%40jan%3Aexample.org">Jan</a>: ',
          ) as string,
          'm.mentions': { user_ids: ['@jan:example.org'] },
          'm.relates_to': { 'm.in_reply_to': { event_id: '$1' } },
        },
      },
    ]);
  });

  test('is told nobody once the bridge has left the room; where it is in it and may not speak, that is a failure', async () => {
    const { bridge, failed, loseAnswer, run } = createWorld();
    const refuse = () => loseAnswer(new BridgeError('matrix-refused', 'send message: 403 M_FORBIDDEN'));
    const item = await failed('$1');
    refuse();
    expect(await run(item)).toMatchObject({ kind: 'dead' });
    refuse();
    Object.assign(bridge.homeserver, { isJoined: () => Promise.resolve(false) });
    expect(await run(item)).toMatchObject({ kind: 'ignored', reason: 'left-room' });
  });

  test('is told again five minutes later', async () => {
    const { failed, run, pass, said } = createWorld();
    await run(await failed('$1'));
    pass(5 * MINUTE);
    await run(await failed('$2'));
    expect(said()).toEqual([expect.stringMatching(LOST), expect.stringMatching(LOST)]);
  });

  test('and those of the same minute are told together when it is over, with their number', async () => {
    const { bridge, failed, run, pass, said } = createWorld();
    await run(await failed('$1'));
    pass(20_000);
    const [second, third] = [await failed('$2'), await failed('$3')];
    expect(await run(second)).toEqual({ kind: 'later', afterMs: 40_000 });
    expect(said()).toHaveLength(1);
    pass(40_000);
    expect(await run(second)).toMatchObject({ kind: 'done' });
    expect(await run(third)).toMatchObject({ kind: 'ignored', reason: 'said' });
    expect(said()).toEqual([expect.stringMatching(LOST), lost(2)]);
    expect(await bridge.metrics.lostMessages.get()).toMatchObject({
      values: [{ labels: { reason: 'unsupported-content' }, value: 3 }],
    });
  });

  test('is told in Dutch where the operator wants that', async () => {
    const { failed, run, said } = createWorld({ messages: { ...MESSAGE_OPTIONS, texts: TEXTS.nl } });
    await run(await failed('$1'));
    expect(said()).toEqual([expect.stringMatching(/^Jan: Een bericht van u is van een soort/)]);
  });

  test('of one person or for one reason does not wait for those of another', async () => {
    const { failed, run, said } = createWorld();
    await run(await failed('$1'));
    expect(await run(await failed('$2', 'unsupported-content', '@anna:example.org'))).toMatchObject({
      kind: 'done',
    });
    expect(await run(await failed('$3', 'not-filed'))).toMatchObject({ kind: 'done' });
    expect(said()).toHaveLength(3);
  });
});

describe('a notice whose sending failed', () => {
  test('tells of the same messages when it is tried again, and the next one of those that came meanwhile', async () => {
    const { failed, run, pass, said, loseAnswer } = createWorld();
    const [first] = [await failed('$1'), await failed('$2')];
    loseAnswer(new BridgeError('matrix-unavailable', 'no answer'));
    expect(await run(first)).toMatchObject({ kind: 'retry' });
    const third = await failed('$3');
    expect(await run(first, { number: 2 })).toMatchObject({ kind: 'done' });
    pass(MINUTE);
    expect(await run(third)).toMatchObject({ kind: 'done' });
    expect(said()).toEqual([lost(2), expect.stringMatching(LOST)]);
  });

  test('does not take the messages of another with it', async () => {
    const { failed, run, said, loseAnswer } = createWorld();
    const [first, second] = [await failed('$1'), await failed('$2')];
    loseAnswer(new BridgeError('matrix-refused', 'send message: 403 M_FORBIDDEN'));
    expect(await run(first)).toMatchObject({ kind: 'dead' });
    expect(await run(second)).toMatchObject({ kind: 'ignored', reason: 'said' });
    expect(await run(first)).toMatchObject({ kind: 'done' });
    expect(said()).toEqual([lost(2)]);
  });
});

test('of a state that lasts a person is told once in a room, however late it is asked for again', async () => {
  const { bridge, failed, run, pass, said } = createWorld();
  expect(await run(await failed('$1', 'unmapped-sender'))).toMatchObject({ kind: 'done' });
  pass(24 * 60 * MINUTE);
  const again = message({ event_id: '$2', sender: '@jan:example.org' });
  expect(await bridge.transact((tx) => tellSender(bridge, tx, again, ['unmapped-sender']))).toEqual([]);
  expect(said()).toEqual([expect.stringContaining('recorded under your Matrix address')]);
});

test('a message that is told of twice is counted once', async () => {
  const { failed, run, said } = createWorld();
  const [item] = [await failed('$1'), await failed('$1')];
  await run(item);
  expect(said()).toEqual([expect.stringMatching(LOST)]);
});

test('what answers a notice is not kept waiting for a record of it, which never comes', async () => {
  const { toFhir, relay } = await createRelayWorld(pool());
  const answer = { 'm.relates_to': { 'm.in_reply_to': { event_id: '$sent1' } } };
  const reply = (id: string) =>
    toFhir({ event_id: id, content: { msgtype: 'm.text', body: 'ok', ...answer } });
  expect(await reply('$before')).toMatchObject({ result: 'held' });
  const event = message({ event_id: '$lost' });
  const [item] = await relay.transact((tx) => tellSender(relay, tx, event, ['unsupported-content']));
  const notice = messageNoticeItemSchema.parse(item?.payload);
  const { next } = await committed(pool(), await sendMessageNotice(relay, notice, ATTEMPT));
  expect(next).toMatchObject([{ source: 'waited', payload: { event: '$before' } }]);
  expect(await reply('$after')).toMatchObject({ result: 'done' });
  const record = relay.fhir.read(
    ref(`Communication/${communicationIdOf(eventId('$after'))}`),
    ATTEMPT.signal,
  );
  expect((await record)?.meta).not.toHaveProperty('tag');
  expect(await toFhir(reaction('$like', '$sent1'))).toMatchObject({ result: 'target-missing' });
  expect(await toFhir(edit('$e', 'no', 1, '$sent1'))).toMatchObject({ result: 'not-the-author' });
});
