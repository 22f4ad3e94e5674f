// An operator says which Matrix account a person has, or takes it back: stored, and their rooms looked at.
import type { Agent, Fact } from '../../domain/facts.ts';
import type { FhirReference, MatrixUserId } from '../../domain/ids.ts';
import type { NewItem } from '../../inbox/item.ts';
import type { Bridge } from '../bridge.ts';
import { convergeItems } from '../items/converge.ts';
import { dependentsOf } from './own-write.ts';

/** What it needs: a part of the bridge. */
export type LinkingBridge = Pick<Bridge, 'auditTrail' | 'enqueue' | 'store' | 'transact'>;

/** The command, and who gave it. */
export interface LinkCommand {
  /** Names this command, other than every other one. */
  readonly cause: string;
  readonly by: Agent;
}

/**
 * Stores a person's account; it counts where their own telecom names none.
 * @returns the spaces and rooms that will be brought up to date
 */
export async function linkPerson(
  bridge: LinkingBridge,
  { reference, userId }: { reference: FhirReference; userId: MatrixUserId },
  command: LinkCommand,
): Promise<readonly FhirReference[]> {
  return bridge.transact(async (tx) => {
    const rooms = await dependentsOf(bridge.store, tx, [reference]);
    await bridge.store.people.linkPerson(tx, reference, userId);
    await bridge.enqueue(tx, [
      ...convergeItems(rooms, command.cause),
      ...told(bridge, command, { act: 'person-link', on: { reference }, target: userId }),
    ]);
    return rooms;
  });
}

/** Takes a stored account back. @returns the spaces and rooms that will be brought up to date; undefined when none was stored */
export async function unlinkPerson(
  bridge: LinkingBridge,
  reference: FhirReference,
  command: LinkCommand,
): Promise<readonly FhirReference[] | undefined> {
  return bridge.transact(async (tx) => {
    const rooms = await dependentsOf(bridge.store, tx, [reference]);
    const wasLinked = await bridge.store.people.unlinkPerson(tx, reference);
    if (!wasLinked) return undefined;
    await bridge.enqueue(tx, [
      ...convergeItems(rooms, command.cause),
      ...told(bridge, command, { act: 'person-unlink', on: { reference } }),
    ]);
    return rooms;
  });
}

function told(
  { auditTrail }: Pick<Bridge, 'auditTrail'>,
  { cause, by }: LinkCommand,
  done: Pick<Extract<Fact, { kind: 'operated' }>, 'act' | 'on' | 'target'>,
): readonly NewItem[] {
  return auditTrail.itemsOf({ source: 'command', sourceId: cause }, [{ kind: 'operated', by, ...done }]);
}
