// Who sent an event: by whose their account is, by a directory; and what they claim, which counts for nothing.
import { z } from 'zod';
import { parseReference, type FhirReference, type MatrixUserId } from '../../domain/ids.ts';
import { USER_MAPPINGS_TYPE, type MatrixEvent } from '../../domain/matrix.ts';
import { isNamed, isRoster } from '../../mapping/matrix-to-fhir/membership.ts';
import { authorOf, type Author } from '../../messages/author.ts';
import type { Bridge } from '../bridge.ts';
import { whoIs, type Recognising } from '../people/who-is.ts';
import type { Place } from './place.ts';

type Finding = Recognising & Pick<Bridge, 'personInDirectory'>;

/** Finds the author of an event. */
export async function findAuthor(
  finding: Finding,
  event: MatrixEvent,
  { reference: conversation, viewer }: Place,
  signal: AbortSignal,
): Promise<Author> {
  const { sender: userId } = event;
  const whose = await whoIs(finding, userId, conversation, signal);
  const person = whose.kind === 'person' ? whose.person : undefined;
  const wasMember = whose.kind === 'person' && whose.isMember;
  const isMember = wasMember || (await isNamedNow(finding, conversation, person, signal));
  // Of an account that several people claim, neither a directory nor the account itself tells whose it is.
  const isStranger = whose.kind === 'unknown';
  const inDirectory = isStranger ? await finding.personInDirectory?.(userId, signal) : undefined;
  const isClaim = isStranger && inDirectory === undefined;
  const claim = isClaim ? await claimOf(finding, event, viewer, signal) : undefined;
  const { serverName: ownServer, unknownSender } = finding.settings;
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
