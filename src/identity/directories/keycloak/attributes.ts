// The attributes of a realm that hold identifiers: which there are, and which of them only administrators can write.
import type { Clock } from '../../../domain/clock.ts';
import type { Medium } from '../directory.ts';
import type { KeycloakApi } from './api.ts';

/** The configured names of the attributes: one for each number, and one for the Matrix user id or its localpart. */
export type AttributeNames = Readonly<Record<'uziNr' | 'uraNr' | 'roleCode' | 'matrixId', string>>;

/** The attribute of each number; e-mail addresses have a place of their own in Keycloak. */
export const ATTRIBUTE_OF = {
  uzi_nr: 'uziNr',
  ura_nr: 'uraNr',
  role_code: 'roleCode',
} as const satisfies Readonly<Record<Exclude<Medium, 'email'>, keyof AttributeNames>>;

/** How long the realm's user profile is believed. */
const PROFILE_MS = 600_000;

/** Reads which of the configured attributes can be relied upon, from the realm's user profile, now and then. */
export function createReliableAttributes(
  api: Pick<KeycloakApi, 'reliableAttributes'>,
  names: AttributeNames,
  clock: Clock,
): (signal: AbortSignal) => Promise<ReadonlySet<string>> {
  let known: { attributes: ReadonlySet<string>; readAt: number } | undefined;
  return async (signal) => {
    if (known === undefined || clock.monotonicMs() - known.readAt > PROFILE_MS) {
      const attributes = await api.reliableAttributes(Object.values(names), signal);
      known = { attributes, readAt: clock.monotonicMs() };
    }
    return known.attributes;
  };
}

/**
 * The configured attributes that users can write, or that Keycloak does not know: the directory does not use them. For the
 * readiness check.
 */
export async function unreliableAttributes(
  api: Pick<KeycloakApi, 'reliableAttributes'>,
  names: AttributeNames,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const reliable = await api.reliableAttributes(Object.values(names), signal);
  return Object.values(names).filter((name) => !reliable.has(name));
}

/** The attributes that answers rest on when people are looked up by these media. */
export function neededAttributes(
  { attributes, usernameIsLocalpart }: { attributes: AttributeNames; usernameIsLocalpart: boolean },
  media: readonly Medium[],
): readonly string[] {
  const numbers = media.flatMap((medium) => (medium === 'email' ? [] : [attributes[ATTRIBUTE_OF[medium]]]));
  return usernameIsLocalpart ? numbers : [...numbers, attributes.matrixId];
}
