// The payloads of items: encoded in the row that holds them, decoded for each attempt.
import type { PayloadCodec, PayloadRow } from '../domain/stored-payload.ts';
import { BridgeError, errorCatalogue } from '../telemetry/errors.ts';
import type { Item, Outcome } from './item.ts';

/** An item as its row has it. */
export interface StoredItem extends Omit<Item, 'payload'> {
  /** The JSON of its payload, encoded. */
  readonly stored: unknown;
}

/** The row of an item, and of the dead letter that is a copy of it. */
export function itemRow({ source, sourceId }: Pick<Item, 'source' | 'sourceId'>): PayloadRow {
  return ['item', source, sourceId];
}

/** An item as its handler gets it; where its payload cannot be decoded, without one, and what then becomes of it. */
export interface DecodedItem {
  readonly item: Item;
  readonly unreadable: Outcome | undefined;
}

/** Decodes the payload of an item. Where the key is missing another replica may have it, so nothing is given up at once. */
export function decodeItem(
  payloads: Pick<PayloadCodec, 'decode'>,
  { stored, ...item }: StoredItem,
): DecodedItem {
  try {
    return { item: { ...item, payload: payloads.decode(itemRow(item), stored) }, unreadable: undefined };
  } catch (error) {
    if (!(error instanceof BridgeError)) throw error;
    return { item: { ...item, payload: undefined }, unreadable: retryAfter(error) };
  }
}

function retryAfter({ code, message, retryAfterMs: afterMs }: BridgeError): Outcome {
  const { attempts: most } = errorCatalogue[code];
  return {
    kind: 'retry',
    error: { code, message },
    ...(afterMs !== undefined && { afterMs }),
    ...(most !== undefined && { most }),
  };
}
