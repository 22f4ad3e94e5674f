// Who sends a Communication in the room: the ghost of its sender, or the bot, which then says whose message it is.
import { isPersonType } from '../../domain/fhir.ts';
import { typeOf, type FhirReference, type MatrixUserId, type RoomId } from '../../domain/ids.ts';
import { isNamed, isRoster } from '../../mapping/matrix-to-fhir/membership.ts';
import type { Phase } from '../../mapping/phases.ts';
import type { FhirInput } from '../../messages/kind.ts';
import { messagesShown } from '../../messages/shown.ts';
import { displayedSender } from '../../messages/speaker-name.ts';
import type { MessageLink } from '../../store/message-links.ts';
import { BridgeError } from '../../telemetry/errors.ts';
import type { Bridge } from '../bridge.ts';
import type { SenderGhost } from '../people/sender-ghost.ts';

/** The room of a conversation, and what may still be sent there. */
export interface Conversation {
  readonly roomId: RoomId;
  readonly phase: Phase;
  /** Whom it is about. */
  readonly subject?: FhirReference | undefined;
  /** In a room of another organisation: the ghosts that were invited, who alone can send there. */
  readonly guests?: readonly MatrixUserId[];
}

/** The user that sends. */
export interface Speaker {
  readonly as: MatrixUserId;
  /** The name of the sender where the bot sends in their place. */
  readonly relayedFor: string | undefined;
}

/** What finding the speaker needs. */
export interface Speaking extends Pick<Bridge, 'clock' | 'db' | 'fhir' | 'settings' | 'store'> {
  /** A person's ghost, registered or not. */
  readonly ghostOf: (person: FhirReference, signal: AbortSignal) => Promise<SenderGhost>;
  /** Brings a conversation's room up to date; undefined when it has none and wants none. */
  readonly openConversation: (
    request: FhirReference,
    signal: AbortSignal,
  ) => Promise<Conversation | undefined>;
}

interface Spoken {
  readonly input: FhirInput;
  readonly request: FhirReference;
  readonly conversation: Conversation;
  /** The user that sent it before, where it is changed now. */
  readonly before: MatrixUserId | undefined;
}

/** Finds the speaker. */
export async function speakerOf(speaking: Speaking, spoken: Spoken, signal: AbortSignal): Promise<Speaker> {
  const { bot, platformName } = speaking.settings;
  const { input, conversation, before } = spoken;
  const { sender: person } = input.envelope;
  if (conversation.guests !== undefined) return guestOf(speaking, person, conversation.guests, signal);
  const named = displayedSender(input.communication);
  if (person === undefined || !isPersonType(typeOf(person)))
    return { as: bot, relayedFor: named ?? platformName };
  const ghost = await speaking.ghostOf(person, signal);
  // In a read-only room only the bot may still send; and what the bot has sent, only the bot can edit.
  const mayBeGhost =
    before !== bot &&
    conversation.phase === 'open' &&
    (await takesPart(speaking, spoken, person, ghost.userId, signal));
  if (!mayBeGhost) return { as: bot, relayedFor: ghost.displayName };
  await ghost.bring(signal);
  return { as: ghost.userId, relayedFor: undefined };
}

/** No one else of the bridge is in a room of another organisation, so that no one can speak for those who were not invited. */
async function guestOf(
  speaking: Pick<Speaking, 'ghostOf'>,
  person: FhirReference | undefined,
  guests: readonly MatrixUserId[],
  signal: AbortSignal,
): Promise<Speaker> {
  const ghost = person === undefined ? undefined : await speaking.ghostOf(person, signal);
  if (ghost === undefined || !guests.includes(ghost.userId))
    throw new BridgeError('not-invited', 'the sender is not in the conversation of another organisation');
  return { as: ghost.userId, relayedFor: undefined };
}

/** Who was added a moment ago is not of the last convergence yet. */
async function takesPart(
  speaking: Speaking,
  { request }: Spoken,
  person: FhirReference,
  ghost: MatrixUserId,
  signal: AbortSignal,
): Promise<boolean> {
  const { clock, db, fhir, store } = speaking;
  const isMember = async (): Promise<boolean> =>
    (await store.roomMembers.findMember(db, request, ghost)) !== undefined;
  if (await isMember()) return true;
  const roster = await fhir.read(request, signal);
  if (roster === undefined || !isRoster(roster)) return false;
  if (!isNamed(roster, { reference: person, all: new Set([person]) }, clock.now().getTime())) return false;
  await speaking.openConversation(request, signal);
  return isMember();
}

/** The user that sent what the room shows of a Communication. */
export function senderBefore(links: readonly MessageLink[]): MatrixUserId | undefined {
  return messagesShown(links).find(({ origin }) => origin === 'fhir')?.sender;
}
