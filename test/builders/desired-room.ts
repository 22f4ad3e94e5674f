// Desired rooms for tests: what a test does not name is an open conversation without anybody in it.
import type { Confines, DesiredMember, DesiredRoom } from '../../src/mapping/desired-room.ts';
import { desiredConversation, desiredSpace } from '../../src/mapping/desired-room.ts';
import type { Phase } from '../../src/mapping/phases.ts';
import { ref } from './fhir.ts';
import { roomId, userId } from './matrix.ts';

/** A professional with an account of their own; `over` names what the test is about. */
export function member(id: string, over: Partial<DesiredMember> = {}): DesiredMember {
  return {
    reference: ref('Practitioner/7'),
    userId: userId(id),
    kind: 'user',
    level: 75,
    formerUserIds: [],
    ...over,
  };
}

/** Only the own homeserver, and all that was said before. */
export const CONFINES: Confines = { servers: new Set(['example.org']), history: 'shared' };

interface Over {
  readonly kind?: DesiredRoom['kind'];
  readonly phase?: Phase;
  readonly title?: { readonly name: string; readonly topic: string };
  readonly members?: readonly DesiredMember[];
  readonly confines?: Confines;
  /** The members of the space `!space`, to whom it is open. */
  readonly mayJoin?: readonly string[];
}

/** A desired room of either kind, without links to others. */
export function room({ kind = 'conversation', mayJoin, ...over }: Over = {}): DesiredRoom {
  const space = {
    roomId: roomId('!space'),
    via: 'example.org',
    entry: { kind: 'open' as const, to: new Set(mayJoin) },
  };
  const wishes = {
    phase: 'open' as const,
    title: { name: kind === 'space' ? 'Care team' : 'Conversation 2025-09-26', topic: '' },
    members: [],
    confines: CONFINES,
    ...over,
  };
  return kind === 'space'
    ? desiredSpace(ref('CareTeam/244'), wishes, { listed: [], unlisted: [], via: 'example.org' })
    : desiredConversation(ref('CommunicationRequest/245'), wishes, mayJoin === undefined ? undefined : space);
}
