// A line between the two sides: rooms and their conversations, with the bridge between them, or with a script that only makes the
// same sends and writes.
import { communication } from '../../stack/demo/care-network.ts';
import type { Resource } from '../../stack/demo/platform.ts';
import type { Message } from './said.ts';

/** Where both sides of a conversation talk. */
export interface Place {
  readonly roomId: string;
  /** What its Communications belong to: `CommunicationRequest/…`; under the script `Encounter/…`, so that no bridge takes them for messages. */
  readonly belongsTo: string;
}

/** A line. */
export interface Line {
  readonly name: 'bridge' | 'bare';
  readonly places: readonly Place[];
  /** Carries one message across; undefined where the bridge does. */
  readonly carry: ((message: Message) => Promise<void>) | undefined;
}

/** The element by which a Communication belongs to it. Both are references by which HAPI can search, and cost it the same. */
export function linkTo(belongsTo: string): Readonly<Record<string, unknown>> {
  return belongsTo.startsWith('Encounter/')
    ? { encounter: { reference: belongsTo } }
    : { partOf: [{ reference: belongsTo }] };
}

/** A message by the daughter, as her platform writes it. */
export function communicationIn({ belongsTo }: Place, text: string): Resource {
  const { partOf: _, ...rest } = communication('', '', text);
  return { ...rest, resourceType: 'Communication', ...linkTo(belongsTo) };
}

/** Where a message is said. */
export function placeOf({ places }: Line, { room }: Pick<Message, 'room'>): Place {
  const place = places[room];
  if (place === undefined) throw new TypeError(`There is no room ${room}`);
  return place;
}
