// The sending of a homeserver in memory, for the pipelines: what was sent, and what it finds again.
import type { EventId } from '../../src/domain/ids.ts';
import { DELIVERY_ID_KEY, type MatrixEvent } from '../../src/domain/matrix.ts';
import type { Bridge } from '../../src/flows/bridge.ts';
import type { OutgoingEvent, OutgoingRedaction } from '../../src/matrix/sends.ts';
import { eventId } from './matrix.ts';

/** The sending of a homeserver in memory: a delivery id it knows is the same event. */
export function createSending() {
  const sent: (OutgoingEvent | OutgoingRedaction)[] = [];
  const known = new Map<string, EventId>();
  let count = 0;
  const once = (event: OutgoingEvent | OutgoingRedaction): Promise<EventId> => {
    const earlier = known.get(event.deliveryId);
    if (earlier === undefined) count += 1;
    const found = earlier ?? eventId(`$sent${count}`);
    if (!known.has(event.deliveryId)) sent.push(event);
    if (!eventIds.has(event)) eventIds.set(event, found);
    known.set(event.deliveryId, found);
    return Promise.resolve(found);
  };
  const eventIds = new Map<OutgoingEvent | OutgoingRedaction, EventId>();
  const events = () =>
    sent.flatMap((event): MatrixEvent[] =>
      'content' in event
        ? [
            {
              ...{
                event_id: eventIds.get(event) ?? eventId('$none'),
                room_id: event.roomId,
                sender: event.as,
              },
              ...{ type: event.type, origin_server_ts: event.timestamp ?? 0 },
              content: { ...event.content, [DELIVERY_ID_KEY]: event.deliveryId },
            },
          ]
        : [],
    );
  const idIn = ({ content }: MatrixEvent) => content[DELIVERY_ID_KEY];
  const server: Bridge['sending'] = {
    sendAs: once,
    redactAs: once,
    findSent: (_place, deliveryIds) =>
      Promise.resolve(
        new Map(
          deliveryIds.flatMap((id) =>
            events()
              .filter((event) => idIn(event) === id)
              .map((event) => [id, event] as const),
          ),
        ),
      ),
  };
  return { server, sent, known, events };
}
