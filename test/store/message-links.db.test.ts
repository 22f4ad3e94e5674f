// The table of links on a real database: who is the same message.
import { describe, expect, test } from 'vitest';
import type { EventId, FhirReference } from '../../src/domain/ids.ts';
import type { NewLink } from '../../src/store/message-links.ts';
import * as links from '../../src/store/message-links.ts';
import { useBridgeDatabase } from '../builders/database.ts';
import { ref } from '../builders/fhir.ts';
import { eventId, roomId, userId } from '../builders/matrix.ts';

const pool = useBridgeDatabase();
const EVENT = eventId('$e');
const ROOM = roomId('!r:h');
const NURSE = userId('@nurse:h');
const COMMUNICATION = ref('Communication/1');
const OTHER = ref('Communication/2');
const MADE = { communication: COMMUNICATION, eventId: EVENT, digest: 'd', sender: NURSE };

const fromEvent = (over: Partial<NewLink> = {}): NewLink => ({
  ...{ origin: 'matrix', cause: EVENT, part: 0, kind: 'text', roomId: ROOM },
  ...{ communication: COMMUNICATION, eventId: EVENT, target: undefined },
  ...{ sender: NURSE, sentAt: new Date(1_000), threadRoot: undefined },
  ...over,
});
const fromFhir = (over: Partial<NewLink> = {}): NewLink =>
  fromEvent({ origin: 'fhir', cause: COMMUNICATION, eventId: undefined, ...over });

const start = (link: NewLink) => links.startLink(pool(), link);
const ofEvent = (id: EventId) => links.findLinks(pool(), { eventIds: [id] });
const ofCommunication = (reference: FhirReference, id?: EventId) =>
  links.findLinksOfCommunication(pool(), reference, id);

describe('a send that was begun', () => {
  const sent = { eventId: EVENT, sender: NURSE };

  test('is known with its event as soon as it is sent, before it is complete', async () => {
    await start(fromFhir());
    await links.saveSent(pool(), { cause: COMMUNICATION, part: 0 }, { ...sent, digest: undefined });
    expect(await start(fromFhir({ sender: userId('@other:h') }))).toMatchObject(sent);
    expect(await ofCommunication(COMMUNICATION)).toMatchObject([{ ...sent, completed: false }]);
  });

  test('into a room that was replaced meanwhile is not sent into the new one', async () => {
    await start(fromFhir());
    await links.saveSent(pool(), { cause: COMMUNICATION, part: 0 }, { ...sent, digest: undefined });
    expect(await start(fromFhir({ roomId: roomId('!new:h') }))).toMatchObject({ eventId: undefined });
  });
});

describe('a message from Matrix', () => {
  const own = { origin: 'matrix', eventId: EVENT, roomId: ROOM };

  test('is known from the moment before it is written, by event and by Communication', async () => {
    await start(fromEvent());
    const expected = { ...own, communication: COMMUNICATION, digest: undefined, completed: false };
    expect(await ofEvent(EVENT)).toMatchObject([expected]);
    expect(await ofCommunication(COMMUNICATION)).toMatchObject([expected]);
    expect(await ofEvent(eventId('$other'))).toEqual([]);
    expect(await ofCommunication(OTHER, eventId('$other'))).toEqual([]);
  });

  test('whose id the server gives is known by the event id before the answer has come', async () => {
    await start(fromEvent({ communication: undefined }));
    expect(await ofCommunication(OTHER, EVENT)).toMatchObject([own]);
    expect(await ofCommunication(OTHER)).toEqual([]);
  });

  test('started twice is one; completed, it has its Communication and digest', async () => {
    await start(fromEvent());
    await start(fromEvent());
    await links.completeLink(pool(), { cause: EVENT, part: 0 }, MADE);
    expect(await ofEvent(EVENT)).toMatchObject([{ ...own, ...MADE, completed: true }]);
  });

  test('that another bridge recorded too is known by its event id: it is not sent again', async () => {
    await start(fromEvent());
    await links.completeLink(pool(), { cause: EVENT, part: 0 }, MADE);
    expect(await ofCommunication(OTHER, EVENT)).toMatchObject([own]);
  });
});

describe('a message from FHIR', () => {
  test('keeps the time of its first attempt', async () => {
    const first = await start(fromFhir());
    expect(await start(fromFhir())).toEqual(first);
  });

  test('completed, it is known by event and by Communication', async () => {
    await start(fromFhir());
    await links.completeLink(pool(), { cause: COMMUNICATION, part: 0 }, MADE);
    const expected = { origin: 'fhir', ...MADE, completed: true };
    expect(await ofEvent(EVENT)).toMatchObject([expected]);
    expect(await ofCommunication(COMMUNICATION, EVENT)).toMatchObject([expected]);
  });

  test('copied with its event id into a new Communication, that one is a message of its own', async () => {
    await start(fromFhir());
    await links.completeLink(pool(), { cause: COMMUNICATION, part: 0 }, MADE);
    expect(await ofCommunication(OTHER, EVENT)).toEqual([]);
  });

  test('has its own link last, after one that only shares the event id', async () => {
    await start(fromFhir({ cause: OTHER, communication: OTHER }));
    await start(fromEvent({ communication: undefined }));
    expect((await ofCommunication(OTHER, EVENT)).map(({ origin }) => origin)).toEqual(['matrix', 'fhir']);
  });

  test('may be several events, and be changed later', async () => {
    await start(fromFhir());
    await start(fromFhir({ part: 1, kind: 'file' }));
    await start(fromFhir({ cause: `${COMMUNICATION}/_history/2`, kind: 'edit', target: EVENT }));
    expect(await ofCommunication(COMMUNICATION)).toMatchObject([
      { part: 0, kind: 'text' },
      { part: 1, kind: 'file' },
      { part: 0, kind: 'edit', target: EVENT },
    ]);
  });
});
