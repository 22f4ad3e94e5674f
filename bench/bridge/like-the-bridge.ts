// What the script writes and sends: as the bridge does, so that both servers have the same to do.
import type { Resource } from '../../stack/demo/platform.ts';
import { DELIVERY_ID_KEY } from '../../src/domain/matrix.ts';
import { linkTo } from './line.ts';

/** What the bridge wrote and sent for one message each way. */
export interface Templates {
  readonly record: Readonly<Record<string, unknown>>;
  readonly content: Readonly<Record<string, unknown>>;
}

/** A record like that of the bridge, of another message. */
export function recordLike(
  { record }: Pick<Templates, 'record'>,
  of: { readonly id: string; readonly eventId: string; readonly belongsTo: string; readonly text: string },
): Resource & { readonly id: string } {
  const { meta: _, partOf: __, ...kept } = record;
  const [identifier] = Array.isArray(kept['identifier']) ? (kept['identifier'] as readonly object[]) : [];
  return {
    ...kept,
    resourceType: 'Communication',
    id: of.id,
    ...linkTo(of.belongsTo),
    identifier: [{ ...identifier, value: of.eventId }],
    sent: new Date().toISOString(),
    payload: [{ contentString: of.text }],
  };
}

/** The content of a message like that of the bridge, with another text. */
export function contentLike(
  { content }: Pick<Templates, 'content'>,
  { text, deliveryId }: { readonly text: string; readonly deliveryId: string },
): Readonly<Record<string, unknown>> {
  return { ...content, body: text, [DELIVERY_ID_KEY]: deliveryId };
}
