// What comes in of read state: receipts that `/sync` shows, and what platforms write of who has read what.
import type { ClientBase } from 'pg';
import { versionKeyOf, versionOf } from '../../domain/fhir.ts';
import type { StoredResource } from '../../fhir/server.ts';
import type { NewItem } from '../../inbox/item.ts';
import { isOwnUser } from '../../mapping/own-users.ts';
import type { Receipt } from '../../matrix/receipts.ts';
import type { Store } from '../../store/tables.ts';
import type { BridgeSettings } from '../bridge.ts';
import { readReportItems } from '../items/read-report.ts';
import { receiptsItems } from '../items/receipts.ts';
import { makeEach, versionIdOf } from '../make-each.ts';

/** What of the settings decides about receipts. */
export type ReceiptSettings = Pick<BridgeSettings, 'ghostPrefix' | 'readState' | 'serverName'>;

/** Those of some receipts that are carried: none of the bridge's own ghosts, whose reading it has told itself. */
export function carried(settings: ReceiptSettings, receipts: readonly Receipt[]): readonly Receipt[] {
  if (settings.readState.engine === 'off') return [];
  return receipts.filter(({ userId }) => !isOwnUser(settings, userId));
}

/**
 * Stores the receipts that are carried.
 * @param seen at which position of the reader
 * @returns the items that look at them, for the same transaction
 */
export async function takeInReceipts(
  { store, settings }: { readonly store: Pick<Store, 'receipts'>; readonly settings: ReceiptSettings },
  tx: ClientBase,
  receipts: readonly Receipt[],
  seen: string,
): Promise<readonly NewItem[]> {
  const ofOthers = carried(settings, receipts);
  if (ofOthers.length === 0) return [];
  await store.receipts.saveReceipts(tx, ofOthers);
  return receiptsItems(ofOthers, seen);
}

/** Enters Tasks and AuditEvents in the ledger. @returns how many versions were new, and the items of what they say */
export async function takeInReports(
  { store }: { readonly store: Pick<Store, 'resourceVersions'> },
  tx: ClientBase,
  resources: readonly StoredResource[],
): Promise<{ readonly fresh: number; readonly items: readonly NewItem[] }> {
  const read = makeEach('fhir.read', resources, versionIdOf, (resource) => ({
    version: versionOf(resource),
    items: readReportItems([resource]),
  }));
  const recorded = await store.resourceVersions.recordRead(
    tx,
    read.made.map(({ version }) => version),
  );
  const fresh = new Set(recorded.map(versionKeyOf));
  const said = read.made.filter(({ version }) => fresh.has(versionKeyOf(version)));
  return { fresh: fresh.size, items: [...said.flatMap(({ items }) => items), ...read.setAside] };
}
