// Whether an account of one's own homeserver may be a person's: by the operator's policy, FHIR's word may need that of the account.
import { z } from 'zod';
import { serverNameOf, type FhirReference, type MatrixUserId } from '../../domain/ids.ts';
import { USER_MAPPINGS_TYPE } from '../../domain/matrix.ts';
import type { Bridge } from '../bridge.ts';

const saysSchema = z.object({ [USER_MAPPINGS_TYPE]: z.object({ fhirRef: z.string().max(200) }) });

/**
 * Whether what FHIR or a directory says of an account counts. Under `both-sides` an account of one's own homeserver says itself whose
 * it is: in a field of its profile, which nobody else can write.
 * https://spec.matrix.org/v1.19/client-server-api/#profiles
 */
export async function isConfirmed(
  { homeserver, settings }: Pick<Bridge, 'homeserver' | 'settings'>,
  { person, userId }: { readonly person: FhirReference; readonly userId: MatrixUserId },
  signal: AbortSignal,
): Promise<boolean> {
  const { bot, ownAccounts, serverName } = settings;
  if (ownAccounts !== 'both-sides' || serverNameOf(userId) !== serverName) return true;
  const said = saysSchema.safeParse(await homeserver.profile(userId, signal, bot)).data;
  return said?.[USER_MAPPINGS_TYPE].fhirRef === person;
}
