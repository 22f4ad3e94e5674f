// One item: its payload is checked by the schema of its kind and given to that kind's handler; what went wrong gets the catalogue's verdict.
import type { Attempt, Handle, Item, Outcome } from '../inbox/item.ts';
import { isDatabaseAway } from '../telemetry/database-failure.ts';
import { BridgeError, errorCatalogue } from '../telemetry/errors.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Bridge } from './bridge.ts';
import { toInboxOutcome, type Ended } from './commit.ts';
import { isItemKind, ITEM_SCHEMAS, kindIn, kindNameOf, type ItemKind, type Payloads } from './items/kinds.ts';

/** What a handler is told besides the payload. */
export interface Context {
  readonly item: Item;
  readonly attempt: Attempt;
}

/** A handler for each kind of item. */
export type Handlers = {
  readonly [Kind in ItemKind]: (payload: Payloads[Kind], context: Context) => Promise<Ended>;
};

interface Deps extends Pick<Bridge, 'auditTrail' | 'clock' | 'enqueue' | 'log'> {
  readonly metrics: Pick<Metrics, 'handlingSeconds' | 'items'>;
  readonly handlers: Handlers;
}

/** What a newer version writes waits for a replica of that version; a rolling update takes less than this. */
const UNKNOWN_FOR_MS = 10 * 60_000;
const UNKNOWN_AGAIN_MS = 30_000;

/** Creates what the inbox calls for every item. */
export function createItemHandler(deps: Deps): Handle {
  const { metrics } = deps;
  return async (item, attempt) => {
    const kind = kindIn(item.payload);
    const ended = await handleSafely(deps, kind, { item, attempt });
    const reason = ended.kind === 'ignored' ? ended.reason : 'error' in ended ? ended.error.code : '';
    const known = kindNameOf(item.payload);
    metrics.items.inc({ kind: known, outcome: ended.kind, reason });
    metrics.handlingSeconds.observe({ kind: known }, ageMs(deps, item) / 1000);
    return toInboxOutcome(ended, item, deps);
  };
}

/**
 * Puts an item off that is not known to this version: a newer one is being rolled out, and its replicas know it.
 * @throws BridgeError once that takes too long
 */
export function waitForNewerVersion(deps: Pick<Deps, 'clock'>, item: Item, what: string): Ended {
  if (ageMs(deps, item) >= UNKNOWN_FOR_MS) throw new BridgeError('item-unknown', what);
  return { kind: 'later', afterMs: UNKNOWN_AGAIN_MS };
}

function ageMs({ clock }: Pick<Deps, 'clock'>, { receivedAt }: Item): number {
  return clock.now().getTime() - receivedAt.getTime();
}

async function handleSafely(deps: Deps, kind: string | undefined, context: Context): Promise<Ended> {
  try {
    if (kind === undefined) throw new BridgeError('item-malformed', 'the payload has no kind');
    return isItemKind(kind)
      ? await handleKind(deps, kind, context)
      : waitForNewerVersion(deps, context.item, `the kind ${kind}`);
  } catch (error) {
    if (context.attempt.signal.aborted) throw error;
    return failureOf(deps, error);
  }
}

function handleKind<Kind extends ItemKind>(
  { handlers }: { readonly handlers: Pick<Handlers, Kind> },
  kind: Kind,
  context: Context,
): Promise<Ended> {
  const parsed = ITEM_SCHEMAS[kind].safeParse(context.item.payload);
  if (parsed.success) return handlers[kind](parsed.data, context);
  const places = parsed.error.issues.map(({ path }) => path.join('.'));
  throw new BridgeError('item-malformed', `${kind}: ${places.join(', ')}`);
}

function failureOf({ log }: Deps, thrown: unknown): Outcome {
  const error = thrown instanceof BridgeError ? thrown : unforeseen(thrown);
  if (error !== thrown) log.error({ error: thrown }, 'A flow failed with an unexpected error');
  const { code, message, retryAfterMs } = error;
  const { verdict, attempts: most } = errorCatalogue[code];
  if (verdict === 'dead') return { kind: 'dead', error: { code, message } };
  log.warn({ code, detail: message }, 'A flow failed and will be tried again');
  return {
    kind: 'retry',
    error: { code, message },
    ...(retryAfterMs !== undefined && { afterMs: retryAfterMs }),
    ...(most !== undefined && { most }),
  };
}

/** The driver's errors do not go out with their text: it quotes values. */
function unforeseen(thrown: unknown): BridgeError {
  return isDatabaseAway(thrown)
    ? new BridgeError('database-unavailable', 'a statement failed')
    : new BridgeError('unexpected', 'see the log');
}
