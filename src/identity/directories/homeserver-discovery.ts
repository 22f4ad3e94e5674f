// Which homeserver an organisation has, by its URA number: what the operator wrote, an addressing directory, a Nuts node.
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { Clock } from '../../domain/clock.ts';
import { homeserverNamed } from '../../mapping/matrix-address.ts';
import { BridgeError } from '../../telemetry/errors.ts';
import type { Log } from '../../telemetry/log.ts';
import { identifierTokens, numbersIn } from './mcsd/care-identifiers.ts';
import type { DirectoryResource, FhirDirectory } from './mcsd/fhir-directory.ts';
import { ofType } from './mcsd/fhir-directory.ts';
import { publishedHomeservers } from './mcsd/people.ts';
import type { DirectoryServer } from './directory-server.ts';
import { readAnswer } from './directory-server.ts';

/** One place that knows homeservers. Several answers of one source are none. */
export interface HomeserverSource {
  readonly name: string;
  /** @throws BridgeError when it does not answer */
  readonly homeserversOf: (ura: string, signal: AbortSignal) => Promise<readonly string[]>;
}

interface Deps {
  /** URA → homeserver, as the operator wrote it. Never overruled. */
  readonly known: Readonly<Record<string, string>>;
  /** Asked in this order; the first that names one decides. */
  readonly sources: readonly HomeserverSource[];
  readonly clock: Clock;
  readonly log: Log;
  /** How long an answer is kept, also that there is none. */
  readonly keepMs: number;
}

/** Finds the homeserver of an organisation; undefined where none is named, or several are. */
export type HomeserverOf = (ura: string, signal: AbortSignal) => Promise<string | undefined>;

/** The most answers that are kept. */
const KEPT = 10_000;

/**
 * Creates the discovery.
 * @returns a function that throws BridgeError when a source failed and no other knew: no answer is not "none"
 */
export function createHomeserverDiscovery({ known, sources, clock, log, keepMs }: Deps): HomeserverOf {
  const kept = new LRUCache<string, { homeserver: string | undefined; until: number }>({ max: KEPT });

  async function ask(ura: string, signal: AbortSignal): Promise<string | undefined> {
    let failure: unknown;
    for (const source of sources) {
      try {
        const [homeserver, other] = new Set(await source.homeserversOf(ura, signal));
        if (other !== undefined) return undefined;
        if (homeserver !== undefined) return homeserver;
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof BridgeError)) throw error;
        log.warn({ source: source.name, error }, 'A source of homeservers failed');
        failure = error;
      }
    }
    if (failure !== undefined)
      throw new BridgeError('directory-unavailable', 'homeserver of an organisation');
    return undefined;
  }

  return async (ura, signal) => {
    if (Object.hasOwn(known, ura)) return known[ura];
    const before = kept.get(ura);
    if (before !== undefined && before.until > clock.monotonicMs()) return before.homeserver;
    const homeserver = await ask(ura, signal);
    kept.set(ura, { homeserver, until: clock.monotonicMs() + keepMs });
    return homeserver;
  };
}

/** Which Endpoints are homeservers: the type of connection has no code of its own yet, so it is configured. */
interface EndpointTypes {
  readonly connectionTypes: readonly string[];
  readonly payloadTypes: readonly string[];
}

/** A directory that knows organisations and their Endpoints, as the LRZa does. */
export function createAddressingSource(
  fhir: FhirDirectory,
  types: EndpointTypes,
  clock: Clock,
): HomeserverSource {
  return {
    name: fhir.name,
    async homeserversOf(ura, signal) {
      const params = { identifier: identifierTokens('ura_nr', ura), _include: 'Organization:endpoint' };
      const resources = await fhir.searchWithIncludes('Organization', Object.entries(params), 200, signal);
      const organizations = ofType(resources, 'Organization').filter(
        ({ active, identifier }) =>
          active !== false && numbersIn('ura_nr', identifier).some(({ address }) => address === ura),
      );
      // What an organisation says in its own telecom goes before its Endpoints.
      const published = organizations.flatMap((one) => publishedHomeservers(one, clock.now().getTime()));
      if (published.length > 0) return published;
      const own = new Set(
        organizations.flatMap(({ endpoint }) => (endpoint ?? []).map(({ reference }) => reference)),
      );
      return ofType(resources, 'Endpoint')
        .filter((endpoint) => own.has(`Endpoint/${endpoint.id}`) && isHomeserver(endpoint, types))
        .flatMap(({ address }) => homeserverNamed(address) ?? []);
    },
  };
}

function isHomeserver(
  { status, connectionType, payloadType }: DirectoryResource<'Endpoint'>,
  { connectionTypes, payloadTypes }: EndpointTypes,
): boolean {
  const isOfConnection = connectionTypes.includes(connectionType.code ?? '');
  const codes = payloadType.flatMap(({ coding }) => coding ?? []).map(({ code }) => code ?? '');
  const isOfPayload = codes.some((code) => payloadTypes.includes(code));
  // Where both are configured, both have to fit: hl7-fhir-rest alone says nothing of Matrix.
  return (
    status === 'active' &&
    (connectionTypes.length === 0 || isOfConnection) &&
    (payloadTypes.length === 0 || isOfPayload) &&
    connectionTypes.length + payloadTypes.length > 0
  );
}

/** Where a Nuts node keeps homeservers; no service for them has been published, so all names are configured. */
interface NutsService {
  readonly serviceId: string;
  /** Path of the URA number in the credential, such as `organization.ura`. */
  readonly credentialPath: string;
  /** Name of the registration parameter that holds the homeserver. */
  readonly parameter: string;
}

const presentationsSchema = z.array(
  z.looseObject({ registrationParameters: z.record(z.string(), z.unknown()).optional() }),
);

/** One's own Nuts node, by its internal port. */
export function createNutsSource(node: DirectoryServer, service: NutsService): HomeserverSource {
  return {
    name: node.name,
    async homeserversOf(ura, signal) {
      const operation = 'discover';
      const query = new URLSearchParams({ [`credentialSubject.${service.credentialPath}`]: ura });
      const path = `internal/discovery/v1/${encodeURIComponent(service.serviceId)}?${query.toString()}`;
      const answer = await node.request({ operation, method: 'GET', path, signal });
      if (answer.status === 404) return [];
      const presentations = readAnswer(node, operation, answer, presentationsSchema);
      return presentations.flatMap(({ registrationParameters }) => {
        const value = registrationParameters?.[service.parameter];
        return typeof value === 'string' ? (homeserverNamed(value) ?? []) : [];
      });
    },
  };
}
