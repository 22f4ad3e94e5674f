// The teams and people that the tests about structure write, as a platform does: with all the personal data there is.
import { TEAM_ROLE_SYSTEM, versionKeyOf } from '../../src/domain/fhir.ts';
import { referenceTo } from '../../src/domain/ids.ts';
import { matrixTelecom } from '../../stack/demo/care-network.ts';
import type { MatrixPerson } from '../../stack/demo/person.ts';
import { startPerson } from '../../stack/demo/person.ts';
import type { Kept, Resource } from '../../stack/demo/platform.ts';
import { registerUser } from '../../stack/synapse.ts';
import { waitUntil } from '../../stack/wait.ts';
import { inject } from 'vitest';
import { withPersonalData } from '../builders/personal-data.ts';
import { awaitIdle } from './bridges.ts';
import type { TestContext } from './context.ts';
import { readTexts } from './kept.ts';

type Named = Resource & { readonly id: string };

/** A participant of a CareTeam. */
export interface Participant {
  readonly reference: string;
  /** A role code of the bridge's own system. */
  readonly role?: string;
  /** The period's beginning; long ago where only its end is given. */
  readonly start?: string;
  /** The period's end. */
  readonly end?: string;
}

/** A team about the client, and named after them; `over` names what the test is about. */
export function team(
  prefix: string,
  id: string,
  participants: readonly (string | Participant)[],
  over: Readonly<Record<string, unknown>> = {},
): Named {
  return withPersonalData({
    resourceType: 'CareTeam',
    id,
    status: 'active',
    subject: { reference: `Patient/${prefix}client` },
    participant: participants.map((participant) => participantOf(participant)),
    ...over,
  });
}

/** A team without a patient: an organisation's own, under its own name. */
export function organizationalTeam(id: string, name: string, participants: readonly string[]): Named {
  return {
    ...{ resourceType: 'CareTeam', id, name, status: 'active' },
    participant: participants.map((participant) => participantOf(participant)),
  };
}

function participantOf(participant: string | Participant): object {
  const { reference, role, start, end }: Participant =
    typeof participant === 'string' ? { reference: participant } : participant;
  const hasPeriod = start !== undefined || end !== undefined;
  return {
    member: { reference },
    ...(role !== undefined && { role: [{ coding: [{ system: TEAM_ROLE_SYSTEM, code: role }] }] }),
    ...(hasPeriod && { period: { start: start ?? '2020-01-01', ...(end !== undefined && { end }) } }),
  };
}

/** A professional; without an address they are a ghost in Matrix. */
export function practitioner(id: string, name: string, ...addresses: readonly string[]): Named {
  return {
    resourceType: 'Practitioner',
    id,
    name: [{ text: name }],
    telecom: [...addresses.map(matrixTelecom), { system: 'email', value: `${id}@practice.example` }],
  };
}

/** A conversation about the client, requested by the daughter; `over` names what the test is about. */
export function request(
  prefix: string,
  id: string,
  recipients: readonly string[],
  over: Readonly<Record<string, unknown>> = {},
): Named {
  return {
    resourceType: 'CommunicationRequest',
    id,
    status: 'active',
    subject: { reference: `Patient/${prefix}client` },
    requester: { reference: `RelatedPerson/${prefix}daughter` },
    recipient: recipients.map((reference) => ({ reference })),
    authoredOn: '2026-03-09T08:30:00Z',
    payload: [{ contentString: 'The first message' }],
    ...over,
  };
}

/** Writes a resource and waits until the bridge has seen this version of it and has nothing left to do. */
export async function putAndSettle(
  { platform, database, bridge }: TestContext,
  resource: Named,
): Promise<void> {
  const { meta } = (await platform.put(resource)) as Kept;
  const reference = referenceTo(resource.resourceType, resource.id);
  const sourceId = versionKeyOf({ reference, ...meta });
  const isSeen = async (): Promise<boolean> =>
    (await readTexts(database.url, 'select source_id as text from item')).includes(sourceId);
  await waitUntil(isSeen, { what: `the bridge sees ${sourceId}`, timeoutMs: 60_000, everyMs: 50 });
  await awaitIdle(bridge);
}

/** A person with an account and a real client, on the bridge's homeserver unless told. */
export async function startUser(
  { prefix }: Pick<TestContext, 'prefix'>,
  name: string,
  at: 'synapse' | 'neighbour' = 'synapse',
): Promise<MatrixPerson & { readonly userId: string }> {
  const homeserver = inject('stack')[at];
  const user = await registerUser(homeserver, { localpart: `${prefix}${name}`, displayName: name });
  return { ...(await startPerson(homeserver.url, user)), userId: user.userId };
}

/** The aliases of a team's space and a conversation's room. */
export const aliases = {
  space: (id: string): string => `#careteam/${id}:${inject('stack').synapse.serverName}`,
  room: (id: string): string => `#communicationrequest/${id}:${inject('stack').synapse.serverName}`,
};
