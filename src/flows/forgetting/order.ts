// An operator's order to forget a person: refused where FHIR would bring them back, else begun.
import type { FhirReference } from '../../domain/ids.ts';
import type { Bridge } from '../bridge.ts';
import { beginForgetting, type ForgetCommand } from './begin.ts';
import { stillNamedBy } from './still-named.ts';
import { roomsOf, type Whom } from './whom.ts';

/** What became of the order. */
export type Ordered =
  | { readonly kind: 'begun' }
  /** These name the person, who takes part in their open space or room. */
  | { readonly kind: 'refused'; readonly namedBy: readonly FhirReference[] };

/** Gives the order. */
export async function orderForgetting(
  bridge: Bridge,
  whom: Whom,
  command: ForgetCommand,
  signal: AbortSignal,
): Promise<Ordered> {
  const namedBy = await stillNamedBy(bridge, whom.people, signal);
  if (namedBy.length > 0) return { kind: 'refused', namedBy };
  await beginForgetting(bridge, whom, await roomsOf(bridge, whom, signal), command);
  return { kind: 'begun' };
}
