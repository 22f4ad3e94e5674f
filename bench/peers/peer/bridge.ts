// The peer: a small bridge on matrix-appservice-bridge, written as its HOWTO and the comments of its options show. Where
// they leave something to the author, it does what a careful author would do: it tries again what failed.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { EVENT_ID_SYSTEM } from '../../../src/domain/fhir.ts';
import type { Library, MatrixEvent, PeerOptions } from './library.ts';

const TRIES = 5;
const FIRST_DELAY_MS = 500;
const REQUEST_TIMEOUT_MS = 4_000;

interface Communication {
  readonly id: string;
  readonly meta: { readonly versionId: string };
  readonly identifier?: readonly { readonly system?: string }[];
  readonly partOf: readonly [{ readonly reference: string }];
  readonly sender: { readonly reference: string };
  readonly payload: readonly [{ readonly contentString: string }];
}

const options = JSON.parse(process.env['PEER_OPTIONS'] ?? '{}') as PeerOptions;
const { port, hookPort, domain, homeserverUrl, fhirUrl, rooms } = options;
const { AppServiceRegistration, Bridge } = createRequire(options.modules)(
  'matrix-appservice-bridge',
) as Library;
const requestOf = new Map(Object.entries(rooms).map(([request, roomId]) => [roomId, request]));

const bridge = new Bridge({
  ...{ homeserverUrl, domain },
  registration: AppServiceRegistration.fromObject(options.registration),
  // "This should be used by bridges that [...] do not need any of the included store objects."
  disableStores: true,
  // "You probably want to set this to true if your onEvent is performing async operations where ordering matters."
  queue: { type: 'per_room', perRequest: true },
  controller: {
    onUserQuery: () => ({}),
    onEvent(request) {
      void request.outcomeFrom(toFhir(request.getData()));
    },
  },
});

async function toFhir(event: MatrixEvent): Promise<void> {
  const request = requestOf.get(event.room_id);
  if (event.type !== 'm.room.message' || request === undefined) return;
  const { body, 'm.relates_to': relation, 'm.new_content': replacement } = event.content;
  if (relation?.rel_type === 'm.replace')
    await trying(() => change(relation.event_id, replacement?.body ?? body));
  else await trying(() => create(event, request));
}

async function create(event: MatrixEvent, request: string): Promise<void> {
  await ask('POST', 'Communication', {
    headers: {
      'if-none-exist': new URLSearchParams({ identifier: identifierOf(event.event_id) }).toString(),
    },
    body: {
      resourceType: 'Communication',
      status: 'completed',
      identifier: [{ system: EVENT_ID_SYSTEM, value: event.event_id }],
      partOf: [{ reference: `CommunicationRequest/${request}` }],
      sent: new Date(event.origin_server_ts).toISOString(),
      payload: [{ contentString: event.content.body }],
    },
  });
}

async function change(eventId: string, contentString: string): Promise<void> {
  const query = new URLSearchParams({ identifier: identifierOf(eventId) });
  const found = (await ask('GET', `Communication?${query.toString()}`)) as {
    readonly entry: readonly { readonly resource: Communication }[];
  };
  const resource = found.entry[0]?.resource;
  if (resource === undefined) throw new Error('The message that was edited is not there');
  const body = { ...resource, payload: [{ contentString }] };
  await ask('PUT', `Communication/${resource.id}`, {
    headers: { 'if-match': `W/"${resource.meta.versionId}"` },
    body,
  });
}

function identifierOf(eventId: string): string {
  return `${EVENT_ID_SYSTEM}|${eventId}`;
}

async function ask(
  method: string,
  path: string,
  { headers, body }: { readonly headers?: Readonly<Record<string, string>>; readonly body?: object } = {},
): Promise<unknown> {
  const response = await fetch(`${fhirUrl}/${path}`, {
    method,
    headers: { ...headers, 'content-type': 'application/fhir+json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  const answer = await response.text();
  if (!response.ok) throw new Error(`${method}: ${response.status}`);
  return JSON.parse(answer);
}

async function toMatrix({ identifier, meta, partOf, sender, payload }: Communication): Promise<void> {
  const isOwn = identifier?.some(({ system }) => system === EVENT_ID_SYSTEM) === true;
  const roomId = rooms[partOf[0].reference.replace('CommunicationRequest/', '')];
  if (isOwn || meta.versionId !== '1' || roomId === undefined) return;
  const ghost = `@_fhir_${sender.reference.replace('/', '-').toLowerCase()}:${domain}`;
  await trying(() => bridge.getIntent(ghost).sendText(roomId, payload[0].contentString));
}

async function trying(act: () => Promise<unknown>): Promise<void> {
  for (let tried = 1; ; tried += 1) {
    try {
      await act();
      return;
    } catch (error) {
      if (tried === TRIES) throw error;
      await sleep(FIRST_DELAY_MS * 2 ** (tried - 1));
    }
  }
}

async function takeHook(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const body = await text(incoming);
  if (incoming.method === 'PUT') await toMatrix(JSON.parse(body) as Communication);
  outgoing.end();
}

const hooks = createServer((incoming, outgoing) => {
  takeHook(incoming, outgoing).catch((error: unknown) => {
    complain(error);
    outgoing.writeHead(500).end();
  });
});

function complain(error: unknown): void {
  process.stderr.write(`${String(error)}\n`);
}

// A rejected request ends the process otherwise, with all that it has in hand.
process.on('unhandledRejection', complain);
process.once('SIGTERM', () => {
  hooks.close();
  bridge.close().catch(complain);
});
await bridge.run(port);
hooks.listen(hookPort, '127.0.0.1');
