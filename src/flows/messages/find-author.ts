// Who sent an event: by the conversation, by what is stored, by a directory; and what they claim, which counts for nothing.
import { z } from 'zod';
import { parseReference, type FhirReference, type MatrixUserId } from '../../domain/ids.ts';
import { USER_MAPPINGS_TYPE, type MatrixEvent } from '../../domain/matrix.ts';
import { isNamed, isRoster } from '../../mapping/matrix-to-fhir/membership.ts';
import { authorOf, type Author } from '../../messages/author.ts';
import type { Bridge } from '../bridge.ts';
import type { Place } from './place.ts';

type Finding = Pick<
  Bridge,
  'clock' | 'db' | 'fhir' | 'homeserver' | 'personInDirectory' | 'settings' | 'store'
>;

/** Finds the author of an event. */
export async function findAuthor(
  finding: Finding,
  event: MatrixEvent,
  { reference: conversation, viewer }: Place,
  signal: AbortSignal,
): Promise<Author> {
  const { store, db, settings } = finding;
  const { sender: userId } = event;
  const member = await store.roomMembers.findMember(db, conversation, userId);
  const person = member ?? (await store.people.findPersonByUserId(db, userId));
  const isMember = member !== undefined || (await isNamedNow(finding, conversation, person, signal));
  const inDirectory = person === undefined ? await finding.personInDirectory?.(userId, signal) : undefined;
  const isClaim = person === undefined && inDirectory === undefined;
  const claim = isClaim ? await claimOf(finding, event, viewer, signal) : undefined;
  const { serverName: ownServer, unknownSender } = settings;
  return authorOf({ userId, person, isMember, inDirectory, claim }, { ownServer, unknownSender });
}

/** Who came a moment ago is not of the last convergence yet; FHIR has them already. */
async function isNamedNow(
  { clock, fhir }: Pick<Bridge, 'clock' | 'fhir'>,
  conversation: FhirReference,
  person: FhirReference | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  if (person === undefined) return false;
  const roster = await fhir.read(conversation, signal);
  if (roster === undefined || !isRoster(roster)) return false;
  return isNamed(roster, { reference: person, all: new Set([person]) }, clock.now().getTime());
}

const claimSchema = z.object({ fhirRef: z.string().max(200) });

async function claimOf(
  { homeserver }: Pick<Bridge, 'homeserver'>,
  { room_id: roomId, sender }: MatrixEvent,
  viewer: MatrixUserId,
  signal: AbortSignal,
): Promise<FhirReference | undefined> {
  const key = { type: USER_MAPPINGS_TYPE, state_key: sender };
  const content = await homeserver.stateEvent(viewer, roomId, key, signal);
  return parseReference(claimSchema.safeParse(content).data?.fhirRef)?.reference;
}
