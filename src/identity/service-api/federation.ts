// The homeservers that the identity server talks to, all of them named by the operator, and where each is reached.
import type { SrvRecord } from 'node:dns';
import { isIP } from 'node:net';
import { z } from 'zod';
import type { Clock } from '../../domain/clock.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Destination, Outbound, OutboundAnswer, OutboundRequest } from '../protection/outbound.ts';

/** The homeservers one may ask. */
export interface Federation {
  /** Whether a homeserver is one of those the operator named. */
  readonly serves: (serverName: string) => boolean;
  /**
   * Asks a homeserver's federation API.
   * @throws BridgeError when it does not answer; TypeError when it is none that the operator named
   */
  readonly ask: (
    serverName: string,
    request: OutboundRequest,
    signal: AbortSignal,
  ) => Promise<OutboundAnswer>;
}

interface Deps {
  /** Server names with the base URL of each; without one it is found as the federation finds it. */
  readonly homeservers: ReadonlyMap<string, string | undefined>;
  readonly outbound: Outbound;
  readonly resolveSrv: (name: string) => Promise<readonly SrvRecord[]>;
  readonly clock: Clock;
  readonly log: Log;
}

const DEFAULT_PORT = 8448;
/** How long a place that was discovered is used: an hour, well below the day that the specification gives a delegation. */
const LOCATION_MS = 60 * 60 * 1000;
const wellKnownSchema = z.looseObject({ 'm.server': z.string().max(255) });
const SERVER_NAME = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::(\d{1,5}))?$/;

/** Reaches the homeservers that the operator named, each where the operator or its own delegation says. */
export function createFederation(deps: Deps): Federation {
  const { homeservers, outbound, clock } = deps;
  const located = new Map<string, { destination: Destination; until: number }>();

  async function locate(serverName: string, signal: AbortSignal): Promise<Destination> {
    const baseUrl = homeservers.get(serverName);
    if (baseUrl !== undefined) return { origin: baseUrl, configured: true };
    const known = located.get(serverName);
    if (known !== undefined && known.until > clock.monotonicMs()) return known.destination;
    const destination = await discover(deps, serverName, signal);
    located.set(serverName, { destination, until: clock.monotonicMs() + LOCATION_MS });
    return destination;
  }

  return {
    serves: (serverName) => homeservers.has(serverName),
    async ask(serverName, request, signal) {
      // Before any call: the name comes from a client, who could otherwise make us call anything.
      if (!homeservers.has(serverName)) throw new TypeError('The homeserver is none that the operator named');
      const destination = await locate(serverName, signal);
      return outbound(destination, request, signal);
    },
  };
}

/** Server discovery, https only (https://spec.matrix.org/v1.19/server-server-api/#resolving-server-names). */
async function discover(deps: Deps, serverName: string, signal: AbortSignal): Promise<Destination> {
  const own = splitName(serverName);
  if (own === undefined) throw new TypeError('The homeserver’s name is none');
  if (own.port !== undefined || isAddress(own.host))
    return at(own.host, own.port ?? DEFAULT_PORT, serverName);
  const delegated = splitName(await wellKnown(deps, own.host, signal));
  const { host, port } = delegated ?? own;
  const name = port === undefined ? host : `${host}:${port}`;
  if (port !== undefined || isAddress(host)) return at(host, port ?? DEFAULT_PORT, name);
  const record = await preferredRecord(deps, host);
  return record === undefined ? at(host, DEFAULT_PORT, host) : at(record.name, record.port, host);
}

/** Of the lowest priority the heaviest (https://www.rfc-editor.org/rfc/rfc2782 draws lots by weight); `_matrix` is the former name. */
async function preferredRecord({ resolveSrv }: Deps, host: string): Promise<SrvRecord | undefined> {
  for (const service of ['_matrix-fed', '_matrix']) {
    const records = await resolveSrv(`${service}._tcp.${host}`).catch(() => []);
    const [best] = records.toSorted((a, b) => a.priority - b.priority || b.weight - a.weight);
    if (best !== undefined) return best;
  }
  return undefined;
}

async function wellKnown({ outbound, log }: Deps, host: string, signal: AbortSignal): Promise<string> {
  try {
    const { status, body } = await outbound(
      { origin: `https://${host}`, configured: false },
      { operation: 'well-known', method: 'GET', path: '/.well-known/matrix/server' },
      signal,
    );
    const answer = wellKnownSchema.safeParse(body);
    return status === 200 && answer.success ? answer.data['m.server'] : '';
  } catch (error) {
    log.debug({ error, server: host }, 'A homeserver publishes no delegation');
    return '';
  }
}

function at(host: string, port: number, name: string): Destination {
  return { origin: `https://${host}:${port}`, name, configured: false };
}

function splitName(serverName: string): { host: string; port: number | undefined } | undefined {
  const [, host, port] = SERVER_NAME.exec(serverName) ?? [];
  if (host === undefined) return undefined;
  return { host, port: port === undefined ? undefined : Number(port) };
}

const isAddress = (host: string): boolean => isIP(host.replace(/^\[|\]$/g, '')) !== 0;
