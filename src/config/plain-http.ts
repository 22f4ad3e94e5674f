// Which URLs may be plain http: what goes to them, secrets and what people wrote, is read by whoever is on the way.
import { z } from 'zod';

/** The section. */
export const network = z.strictObject({
  plainHttpHosts: z
    .array(z.string().regex(/^[A-Za-z0-9.\-:[\]]+$/, 'expected a host such as synapse'))
    .default([])
    .meta({
      description:
        'Hosts to which secrets and messages may go by plain http, because the network in between is your own, such as that of one docker-compose file. This machine always is one; for all others https is demanded.',
    }),
});

/** What of the configuration leads to other machines. */
interface Destinations {
  readonly network: z.infer<typeof network>;
  readonly matrix: { readonly homeserverUrl: string; readonly appserviceUrl: string };
  readonly fhir: { readonly baseUrl: string; readonly hookUrl: string };
  readonly invitations: { readonly tokenUrl?: string | undefined; readonly resolverUrl?: string | undefined };
  readonly identity: {
    readonly enabled: boolean;
    readonly publicUrl?: string | undefined;
    readonly homeservers: readonly { readonly baseUrl?: string | undefined }[];
  };
}

/** The faults of URLs that would carry secrets in the clear. Directories have a rule of their own. */
export function* plainHttpFaults(config: Destinations): Generator<string> {
  const allowed = new Set(config.network.plainHttpHosts.map((host) => host.toLowerCase()));
  for (const [name, url] of destinationsOf(config)) {
    const { protocol, hostname } = new URL(url);
    if (protocol === 'https:' || isThisMachine(hostname) || allowed.has(hostname)) continue;
    yield `${name}: got plain http to ${hostname}, expected https, or ${hostname} in network.plainHttpHosts`;
  }
}

function destinationsOf(config: Destinations): readonly (readonly [name: string, url: string])[] {
  const { matrix, fhir, invitations, identity } = config;
  const named: readonly (readonly [string, string | undefined])[] = [
    ['matrix.homeserverUrl', matrix.homeserverUrl],
    ['matrix.appserviceUrl', matrix.appserviceUrl],
    ['fhir.baseUrl', fhir.baseUrl],
    ['fhir.hookUrl', fhir.hookUrl],
    ['invitations.tokenUrl', invitations.tokenUrl],
    ['invitations.resolverUrl', invitations.resolverUrl],
    ...(identity.enabled
      ? [
          ['identity.publicUrl', identity.publicUrl] as const,
          ...identity.homeservers.map(
            ({ baseUrl }, index) => [`identity.homeservers.${index}.baseUrl`, baseUrl] as const,
          ),
        ]
      : []),
  ];
  return named.flatMap(([name, url]) => (url === undefined ? [] : [[name, url] as const]));
}

/** https://www.rfc-editor.org/rfc/rfc6761#section-6.3 */
export function isThisMachine(hostname: string): boolean {
  return /^(?:(?:[a-z0-9-]+\.)*localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname);
}
