// Notes what is said on either side, and what the bridge writes on the other, both at the moment at which a server has it.
import { z } from 'zod';
import type { StubFhir } from '../../stack/stub-fhir/stub-fhir.ts';
import type { Version } from '../../stack/stub-fhir/store.ts';
import type { StubHomeserver } from '../../stack/stub-homeserver/stub-homeserver.ts';
import type { StoredEvent } from '../../stack/stub-homeserver/world.ts';
import type { Running } from './contender.ts';
import type { Arrival, Said } from '../judge.ts';

/** Who says something. */
export type Side = 'user' | 'platform';

/** The notes. */
export interface Recorder {
  readonly said: readonly Said[];
  readonly arrivals: readonly Arrival[];
  /** Notes what a side says, just before it does. */
  readonly note: (side: Side, conversation: string, token: string, text: string) => void;
}

/** A message as the benchmark writes it: its token, and which version of it this is. */
const TEXT = /^(\[(user|platform)-\d+\]) version \d+$/;

/** Begins to note. */
export function createRecorder(
  { listeners }: Pick<StubHomeserver, 'listeners'>,
  { store }: Pick<StubFhir, 'store'>,
  rooms: Running['rooms'],
): Recorder {
  const said: Said[] = [];
  const arrivals: Arrival[] = [];
  const conversationOf = new Map(rooms.map(({ conversation, roomId }) => [roomId, conversation]));

  function arrive(by: Side, conversation: string | undefined, record: string, text: unknown): void {
    const [whole, token = '', side] = TEXT.exec(typeof text === 'string' ? text : '') ?? [];
    if (whole === undefined || side !== by || conversation === undefined) return;
    arrivals.push({
      ...{ stream: streamOf(by, conversation), record, token, text: whole, atMs: performance.now() },
    });
  }

  listeners.add(({ type, room_id: roomId, event_id: id, content }: StoredEvent) => {
    if (type === 'm.room.message') arrive('platform', conversationOf.get(roomId), id, content['body']);
  });
  store.listeners.add(({ type, id, resource }: Version) => {
    if (type !== 'Communication') return;
    const { data } = carriedSchema.safeParse(resource); // of a deletion nothing
    const conversation = data?.partOf[0]?.reference.replace('CommunicationRequest/', '');
    arrive('user', conversation, id, data?.payload[0]?.contentString);
  });
  return {
    ...{ said, arrivals },
    note(side, conversation, token, text) {
      said.push({ stream: streamOf(side, conversation), token, text, atMs: performance.now() });
    },
  };
}

const carriedSchema = z.object({
  partOf: z.array(z.object({ reference: z.string() })),
  payload: z.array(z.object({ contentString: z.string().optional() })),
});

function streamOf(side: Side, conversation: string): string {
  return `${side} in ${conversation}`;
}
