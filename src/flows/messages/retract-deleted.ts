// A platform deleted a Communication → what the room shows of it is retracted, as if it had been entered in error.
import type { Fact } from '../../domain/facts.ts';
import { idOf } from '../../domain/ids.ts';
import type { Attempt } from '../../inbox/item.ts';
import { UNSEEN_VERSION, type DeletionItem } from '../items/fhir-deletion.ts';
import type { FlowOutcome } from '../outcome.ts';
import { relayVersion, type RelayToMatrix } from './relay-to-matrix.ts';

/**
 * Handles a deletion. One that was created again meanwhile is handled by the item of that version.
 * @param hasWaited whether its item has waited: then it has its turn
 */
export async function retractDeleted(
  relay: RelayToMatrix,
  deletion: DeletionItem,
  hasWaited: boolean,
  attempt: Attempt,
): Promise<FlowOutcome> {
  const { reference, versionId, gaveUpOn = [] } = deletion;
  const present = await relay.fhir.read(reference, attempt.signal);
  if (present !== undefined) return { kind: 'ignored', reason: 'superseded' };
  const lastUpdated = relay.clock.now().toISOString();
  const outcome = await relayVersion(
    relay,
    {
      ...{ resourceType: 'Communication', id: idOf(reference), status: 'entered-in-error' },
      meta: { versionId, lastUpdated },
    },
    { payload: deletion, gaveUpOn, hasWaited },
    attempt,
  );
  return versionId === UNSEEN_VERSION ? withoutVersion(outcome) : outcome;
}

/** What happened is told of the Communication as a whole. */
function withoutVersion(outcome: FlowOutcome): FlowOutcome {
  if (outcome.kind === 'later') return outcome;
  const { facts = [] } = outcome;
  return {
    ...outcome,
    facts: facts.map((fact): Fact => (fact.on ? { ...fact, on: { reference: fact.on.reference } } : fact)),
  };
}
