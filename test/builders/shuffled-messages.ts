// Messages of both sides with all that is done to them, played in order or shuffled; and what is there in the end.
import type pg from 'pg';
import { EVENT_ID_SYSTEM, type Communication } from '../../src/domain/fhir.ts';
import type { EventId } from '../../src/domain/ids.ts';
import { deletionItemSchema } from '../../src/flows/items/fhir-deletion.ts';
import { changeItemSchema, changeOf } from '../../src/flows/items/fhir-change.ts';
import { eventItemSchema } from '../../src/flows/items/event.ts';
import { relayToFhir } from '../../src/flows/messages/relay-to-fhir.ts';
import { relayToMatrix } from '../../src/flows/messages/relay-to-matrix.ts';
import { retractDeleted } from '../../src/flows/messages/retract-deleted.ts';
import { communicationDeliveryId, communicationIdOf } from '../../src/mapping/delivery-ids.ts';
import type { OutgoingEvent } from '../../src/matrix/sends.ts';
import type { MessageOptions } from '../../src/messages/options.ts';
import { KINDS } from '../../src/messages/registry.ts';
import { ATTEMPT } from './bridge.ts';
import { communication, ref } from './fhir.ts';
import { eventId, message } from './matrix.ts';
import { committed, createRelayWorld } from './relay-world.ts';

/** A message, and what becomes of it. */
export type Life =
  | {
      readonly by: 'user';
      readonly edits: number;
      /** The redaction of the edit, of the message, or of the message before the bridge reads it. */
      readonly redacted: 'not' | 'the edit' | 'whole' | 'before it is read';
      readonly reaction: 'none' | 'given' | 'taken back';
      /** Which message before it answers, counted back; where that can be answered. */
      readonly answers: number | undefined;
      readonly inThread: boolean;
    }
  | {
      readonly by: 'platform';
      readonly versions: number;
      readonly end: 'stays' | 'in error' | 'restored' | 'deleted';
      readonly answers: number | undefined;
    };

/** Something that happens on a server; what follows comes to the bridge in `items`. */
interface Step {
  /** Steps of one thread happen in their order; events come to the bridge in any. */
  readonly thread: string;
  readonly happen: (world: World) => readonly unknown[];
}

type World = Awaited<ReturnType<typeof createRelayWorld>>;
const START = message().origin_server_ts;
const userEvent = (n: number) => eventId(`$user${n}`);
const platformEvent = (n: number) => eventId(`$of-${communicationDeliveryId(`Communication/p${n}`)}`);
const eventOf = (life: Life, n: number) => (life.by === 'user' ? userEvent(n) : platformEvent(n));
const recordOf = (life: Life, n: number) =>
  life.by === 'user' ? `Communication/${communicationIdOf(userEvent(n))}` : `Communication/p${n}`;

/** The message that one answers; one that is not there in the end cannot be answered in every order. */
function answeredBy(lives: readonly Life[], n: number): number | undefined {
  const back = lives[n]?.answers;
  const target = back === undefined ? undefined : n - 1 - back;
  const life = target === undefined ? undefined : lives[target];
  return life === undefined || (life.by === 'platform' && life.end !== 'stays') ? undefined : target;
}

/** All that happens, in order. */
export function stepsOf(lives: readonly Life[]): readonly Step[] {
  return lives.flatMap((life, n) =>
    life.by === 'user' ? userSteps(lives, life, n) : platformSteps(lives, life, n),
  );
}

function userSteps(lives: readonly Life[], life: Life & { by: 'user' }, n: number): readonly Step[] {
  const own = userEvent(n);
  const event = (id: EventId, at: number, over: object): Step => ({
    thread: id,
    happen: () => [
      {
        kind: 'matrix.event',
        event: message({ event_id: id, origin_server_ts: START + n * 1000 + at, ...over }),
      },
    ],
  });
  const text = (body: string) => ({ msgtype: 'm.text', body });
  const target = answeredBy(lives, n);
  const answered = target === undefined ? undefined : lives[target];
  const relation =
    target === undefined || answered === undefined
      ? {}
      : {
          'm.relates_to': life.inThread
            ? { rel_type: 'm.thread', event_id: eventOf(answered, target) }
            : { 'm.in_reply_to': { event_id: eventOf(answered, target) } },
        };
  const redaction = (id: string, of: string, at: number): Step =>
    event(eventId(id), at, { type: 'm.room.redaction', content: { redacts: of } });
  const isEmptied = life.redacted === 'before it is read';
  const edits = isEmptied ? 0 : life.redacted === 'the edit' ? 1 : life.edits;
  return [
    event(
      own,
      0,
      isEmptied
        ? { content: {}, unsigned: { redacted_because: {} } }
        : { content: { ...text(`user${n}`), ...relation } },
    ),
    ...Array.from({ length: edits }, (_, k) =>
      event(eventId(`$edit${n}.${k}`), 10 + k, {
        content: {
          ...{ ...text(`* user${n} ${k}`), 'm.new_content': text(`user${n} ${k}`) },
          'm.relates_to': { rel_type: 'm.replace', event_id: own },
        },
      }),
    ),
    ...(life.reaction === 'none'
      ? []
      : [
          event(eventId(`$like${n}`), 20, {
            ...{
              type: 'm.reaction',
              content: { 'm.relates_to': { rel_type: 'm.annotation', event_id: own, key: '👍' } },
            },
          }),
        ]),
    ...(life.reaction === 'taken back' ? [redaction(`$unlike${n}`, `$like${n}`, 30)] : []),
    ...(life.redacted === 'the edit' ? [redaction(`$unedit${n}`, `$edit${n}.0`, 40)] : []),
    ...(life.redacted === 'whole' || isEmptied ? [redaction(`$gone${n}`, own, 50)] : []),
  ];
}

function platformSteps(lives: readonly Life[], life: Life & { by: 'platform' }, n: number): readonly Step[] {
  const target = answeredBy(lives, n);
  const answered = target === undefined ? undefined : lives[target];
  const put = (over: Partial<Communication>): Step => ({
    thread: `p${n}`,
    happen: ({ fhir }) => {
      const before = fhir.stored.get(ref(`Communication/p${n}`));
      const inResponseTo =
        answered === undefined || target === undefined
          ? undefined
          : [{ reference: recordOf(answered, target) }];
      void fhir.put(`p${n}`, {
        ...communication(),
        ...(inResponseTo && { inResponseTo }),
        ...before,
        ...over,
      });
      const stored = fhir.stored.get(ref(`Communication/p${n}`));
      return stored === undefined ? [] : [changeOf('Communication', stored)];
    },
  });
  const says = (k: number): Partial<Communication> => ({
    ...{ status: 'completed', payload: [{ contentString: `p${n} ${k}` }] },
  });
  const remove: Step = {
    thread: `p${n}`,
    happen: ({ fhir }) => {
      const reference = ref(`Communication/p${n}`);
      return [{ kind: 'fhir.deletion', reference, versionId: fhir.remove(reference) }];
    },
  };
  return [
    ...Array.from({ length: life.versions }, (_, k) => put(says(k))),
    ...(life.end === 'in error' || life.end === 'restored' ? [put({ status: 'entered-in-error' })] : []),
    ...(life.end === 'restored' ? [put(says(life.versions))] : []),
    ...(life.end === 'deleted' ? [remove] : []),
  ];
}

/** What there is in the end. */
export interface End {
  /** What a reader of the room sees of the platform's messages. */
  readonly room: readonly unknown[];
  readonly records: readonly unknown[];
  /** What waits still. */
  readonly waiting: number;
}

/**
 * Plays the steps on an empty database.
 * @param choose numbers from 0 up to 1 that decide the order; undefined plays all in order, once
 */
export async function play(
  db: pg.Pool,
  steps: readonly Step[],
  options: Partial<MessageOptions>,
  choose?: () => number,
): Promise<End> {
  await db.query('truncate message_link, waiting_item, resource_version, room, person cascade');
  const world = await createRelayWorld(db, KINDS, { messages: options });
  const room = createRoom();
  Object.assign(world.relay, { sending: room.sending });
  const coming = [...steps];
  const items: unknown[] = [];
  while (coming.length + items.length > 0) {
    const total = coming.length + items.length;
    const chosen =
      choose === undefined ? (items.length > 0 ? coming.length : 0) : Math.floor(choose() * total);
    const step = coming[chosen];
    if (step !== undefined) {
      // The first of its thread.
      const first = coming.findIndex(({ thread }) => thread === step.thread);
      for (const next of coming.splice(first, 1)) items.push(...next.happen(world));
      continue;
    }
    const [item] = items.splice(chosen - coming.length, 1);
    items.push(...(await handle(db, world, item)));
    if (choose !== undefined && choose() < 0.2) items.push(item);
  }
  const { rowCount } = await db.query('select from waiting_item');
  return { room: room.seen(), records: recordsIn(world), waiting: rowCount ?? 0 };
}

async function handle(db: pg.Pool, { relay }: World, item: unknown): Promise<readonly unknown[]> {
  const event = eventItemSchema.safeParse(item).data;
  const change = changeItemSchema.safeParse(item).data;
  const deletion = deletionItemSchema.safeParse(item).data;
  const outcome =
    event !== undefined
      ? await relayToFhir(
          relay,
          event.event,
          { lane: '', payload: item, receivedAt: new Date(), gaveUpOn: [], hasWaited: true },
          ATTEMPT,
        )
      : change !== undefined
        ? await relayToMatrix(relay, { ...change, hasWaited: true }, ATTEMPT)
        : deletion !== undefined
          ? await retractDeleted(relay, deletion, true, ATTEMPT)
          : undefined;
  if (outcome === undefined) return [];
  return (await committed(db, outcome)).next.map(({ payload }) => payload);
}

/** A room in which an event's id is its delivery id, and what a reader sees there. */
function createRoom() {
  const events = new Map<string, OutgoingEvent>();
  const redacted = new Set<string>();
  const idOf = (deliveryId: string) => eventId(`$of-${deliveryId}`);
  const isEdit = (event: OutgoingEvent) => 'm.new_content' in event.content;
  const relationOf = ({ content }: OutgoingEvent) =>
    (content['m.relates_to'] ?? {}) as { event_id?: string; 'm.in_reply_to'?: { event_id: string } };
  return {
    sending: {
      sendAs: (event: OutgoingEvent) => {
        events.set(idOf(event.deliveryId), event);
        return Promise.resolve(idOf(event.deliveryId));
      },
      redactAs: ({ eventId: target, deliveryId }: { eventId: EventId; deliveryId: string }) => {
        redacted.add(target);
        return Promise.resolve(idOf(deliveryId));
      },
      findSent: () => Promise.resolve(new Map()),
    },
    seen: () =>
      [...events.entries()]
        .filter(([id, event]) => !redacted.has(id) && !isEdit(event))
        .map(([id, event]) => {
          const edits = [...events.entries()].filter(
            ([editId, edit]) => isEdit(edit) && !redacted.has(editId) && relationOf(edit).event_id === id,
          );
          const shown = (edits.at(-1)?.[1].content['m.new_content'] ?? event.content) as { body?: unknown };
          return { as: event.as, text: shown.body, answers: relationOf(event)['m.in_reply_to']?.event_id };
        })
        .toSorted((a, b) => String(a.text).localeCompare(String(b.text))),
  };
}

/** The records as they stand: without what tells one version from another, and without the ids that the bridge adds. */
function recordsIn({ fhir }: World): readonly unknown[] {
  return [...fhir.stored.entries()]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([reference, { meta, ...resource }]) => {
      const { identifier = [], ...rest } = resource as Communication;
      const own = identifier.filter(
        ({ system, value }) => system === EVENT_ID_SYSTEM && value?.startsWith('$user'),
      );
      return { reference, ...rest, identifier: own, tags: (meta as Communication['meta'])?.tag ?? [] };
    });
}
