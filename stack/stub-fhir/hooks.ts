// The rest-hooks of the stub: what was written is told to each Subscription whose criteria find it, one after the other.
// Hooks that are not taken are not sent again.
import { childrenOf, isNode, type Json, type JsonObject } from './json.ts';
import { isFound, type FhirStore, type Version } from './store.ts';

const PATIENCE_MS = 10_000;

/** Begins to tell. @param serialize writes a resource as text */
export function startHooks(
  store: FhirStore,
  serialize: (body: unknown) => string,
): { readonly stop: () => Promise<void> } {
  const stopping = new AbortController();
  const lines = new Map<string, Promise<void>>();

  async function send({ channel }: ActiveSubscription, version: Version): Promise<void> {
    const { endpoint, payload, headers } = channel;
    const hasBody = payload !== '';
    await fetch(hasBody ? `${endpoint}/${version.type}/${version.id}` : endpoint, {
      method: hasBody ? 'PUT' : 'POST',
      headers: { ...headers, ...(hasBody && { 'content-type': payload }) },
      ...(hasBody && { body: serialize(version.resource) }),
      signal: AbortSignal.any([stopping.signal, AbortSignal.timeout(PATIENCE_MS)]),
    }).then(
      (response) => response.body?.cancel(),
      () => undefined,
    );
  }

  const listen = (version: Version): void => {
    if (version.type === 'Subscription') {
      activate(store, version);
      return;
    }
    if (version.resource === undefined) return;
    for (const subscription of activeSubscriptions(store)) {
      if (!isToBeTold(subscription, version)) continue;
      const before = lines.get(subscription.id) ?? Promise.resolve();
      lines.set(
        subscription.id,
        before.then(() => send(subscription, version)),
      );
    }
  };
  store.listeners.add(listen);
  return {
    async stop() {
      store.listeners.delete(listen);
      stopping.abort();
      await Promise.all(lines.values());
    },
  };
}

interface ActiveSubscription {
  readonly id: string;
  readonly criteria: string;
  readonly channel: {
    readonly endpoint: string;
    /** Empty for a hook without a body. */
    readonly payload: string;
    readonly headers: Readonly<Record<string, string>>;
  };
}

/** As HAPI does: what is requested becomes active in a version of its own. */
function activate(store: FhirStore, { id, resource }: Version): void {
  if (fieldsOf(resource).get('status') !== 'requested') return;
  store.put('Subscription', id, { ...(resource as JsonObject), status: 'active' });
}

function activeSubscriptions(store: FhirStore): readonly ActiveSubscription[] {
  return store.all('Subscription').flatMap((resource): ActiveSubscription[] => {
    const fields = fieldsOf(resource);
    if (fields.get('status') !== 'active') return [];
    const channel = fieldsOf(fields.get('channel'));
    const endpoint = textIn(channel.get('endpoint'));
    const [id, criteria] = [textIn(fields.get('id')), textIn(fields.get('criteria'))];
    const headers = childrenOf(channel.get('header') ?? null).map(([, line]) => headerIn(textIn(line)));
    const payload = textIn(channel.get('payload'));
    return [{ id, criteria, channel: { endpoint, payload, headers: Object.fromEntries(headers) } }];
  });
}

function isToBeTold({ criteria }: ActiveSubscription, version: Version): boolean {
  const [type = '', query = ''] = criteria.split('?');
  return type === version.type && isFound(version, new URLSearchParams(query));
}

function headerIn(line: string): readonly [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}

function fieldsOf(value: Json | undefined): ReadonlyMap<string, Json> {
  return new Map(value !== undefined && isNode(value) ? childrenOf(value) : []);
}

function textIn(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
