// Who talks while faults happen: a user with an account, a platform, and the conversations of a care team.
import { careNetworkPeople, careTeam, communicationRequest } from '../../../stack/demo/care-network.ts';
import { registerUser } from '../../../stack/synapse.ts';
import { seeded } from '../../builders/random.ts';
import {
  createPatientPlatform,
  createUserClient,
  type PatientPlatform,
  type UserClient,
} from '../../../stack/clients.ts';
import type { Landscape } from './landscape.ts';
import type { SentConversation } from './sent.ts';
import { platformActs } from './platform-acts.ts';
import { speak } from './speak.ts';
import { userActs } from './user-acts.ts';

/** Who talks in all runs. */
export interface Cast {
  readonly user: UserClient;
  readonly platform: PatientPlatform;
  /** Begins the ids of all their resources. */
  readonly prefix: string;
  readonly bot: string;
}

/** Brings on a user with an account and a care network. */
export async function castOf(
  { ground }: Landscape,
  homeserver: { readonly url: string; readonly registrationSharedSecret: string },
  prefix: string,
): Promise<Cast> {
  const account = await registerUser(homeserver, { localpart: `${prefix}noor`, displayName: 'Noor' });
  const user = createUserClient(ground.synapse.url, account);
  const platform = createPatientPlatform(ground.hapi.url);
  for (const person of careNetworkPeople(prefix, account.userId)) await platform.put(person);
  await platform.put(careTeam(prefix, `${prefix}team`));
  return { user, platform, prefix, bot: `@_fhir_bot:${ground.synapse.serverName}` };
}

async function openConversation({ platform, user, prefix }: Cast, name: string): Promise<SentConversation> {
  const id = `${prefix}${name}`;
  const opening = `How is she today, in ${name}?`;
  await platform.put(communicationRequest(prefix, id, `${prefix}team`, opening));
  const serverName = user.userId.slice(user.userId.indexOf(':') + 1);
  const roomId = await user.join(`#communicationrequest/${id}:${serverName}`);
  return { id, roomId, opening, messages: [] };
}

/**
 * Both sides talk in a conversation of their own.
 * @param name of the conversation; no other has it
 * @param seed from which what they say is drawn
 * @param goesOn whether a side goes on, after so many things said and done
 * @param longestPauseMs how long a side waits at most between two of them
 */
export async function talk(
  cast: Cast,
  name: string,
  seed: number,
  goesOn: (steps: number) => boolean,
  longestPauseMs = 250,
): Promise<SentConversation> {
  const conversation = await openConversation(cast, name);
  const { prefix } = cast;
  const both = { conversation, goesOn, longestPauseMs };
  const ofUser = { ...both, name: `${name}u`, random: seeded(2 * seed) };
  const ofPlatform = { ...both, name: `${name}p`, random: seeded(2 * seed + 1), prefix };
  await Promise.all([
    speak(userActs(cast.user, ofUser), ofUser),
    speak(platformActs(cast.platform, ofPlatform), ofPlatform),
  ]);
  return conversation;
}
