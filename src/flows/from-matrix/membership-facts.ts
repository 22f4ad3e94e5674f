// Who came into a room or left it by Matrix, and by whose hand: for the audit trail, whatever becomes of it in FHIR.
import { z } from 'zod';
import type { Agent, Fact, FactSubject } from '../../domain/facts.ts';
import type { MatrixUserId } from '../../domain/ids.ts';
import type { RoomRow } from '../../store/rooms.ts';
import type { Bridge } from '../bridge.ts';
import type { StateChange } from './state-change.ts';

const eventSchema = z.object({
  content: z.object({ membership: z.string() }),
  // https://spec.matrix.org/v1.19/client-server-api/#room-event-format
  unsigned: z.object({ prev_content: z.object({ membership: z.string() }).optional() }).optional(),
});

/**
 * The fact of a membership event, if there is one: a change of name is none, and neither is an invitation.
 * @param on the version that was written because of it; without it, the room's resource
 */
export async function factsOfMembership(
  { store, db }: Pick<Bridge, 'db' | 'store'>,
  event: StateChange,
  { reference, subject, roomId }: Pick<RoomRow, 'reference' | 'subject' | 'roomId'>,
  on: FactSubject = { reference },
): Promise<readonly Fact[]> {
  const kind = kindOf(event);
  if (kind === undefined) return [];
  const agentOf = async (userId: MatrixUserId): Promise<Agent> => ({
    userId,
    person: await store.people.findPersonByUserId(db, userId),
  });
  const member = await agentOf(event.state_key as MatrixUserId);
  const by = event.sender === event.state_key ? member : await agentOf(event.sender);
  return [{ kind, by, member, on, subject, roomId, at: event.origin_server_ts }];
}

function kindOf(event: StateChange): 'joined' | 'left' | undefined {
  const read = eventSchema.safeParse(event).data;
  const [now, before] = [read?.content.membership, read?.unsigned?.prev_content?.membership];
  if (now === 'join') return before === 'join' ? undefined : 'joined';
  const wasThere = before === undefined || before === 'join' || before === 'invite';
  return (now === 'leave' || now === 'ban') && wasThere ? 'left' : undefined;
}
