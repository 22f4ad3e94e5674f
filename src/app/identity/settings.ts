// The configuration → the settings of the directories and of the sources of homeservers.
import type { Config } from '../../config/schema.ts';
import type { DirectoriesSettings, KeycloakSettings, McsdSettings, ServerSettings } from './directories.ts';

type Identity = Config['identity'];
type Configured<Kind> = Extract<Identity['directories'][number], { readonly kind: Kind }>;
type Source = Identity['homeserverSources'][number];

const HOUR_MS = 3_600_000;

/** Compiles the directories; the configuration has been checked before. */
export function directoriesSettings({ identity, matrix }: Config): DirectoriesSettings {
  return {
    directories: identity.directories.map((one) => {
      switch (one.kind) {
        case 'local':
          return one;
        case 'mcsd':
          return mcsdSettings(one);
        case 'keycloak':
          return keycloakSettings(one, matrix.serverName);
      }
    }),
    budgetMs: identity.directoriesBudgetSeconds * 1000,
    agreement: identity.directoriesAgreement,
    media: identity.media,
  };
}

/** What a server is and how it is reached. */
export function serverSettings(one: Source | Configured<'mcsd' | 'keycloak'>): ServerSettings {
  const { name, baseUrl, allowPrivateAddresses, timeoutSeconds, ca, cert, key } = one;
  return {
    ...{ name, baseUrl, allowPrivateAddresses, timeoutMs: timeoutSeconds * 1000 },
    tls: {
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
    },
  };
}

function mcsdSettings(one: Configured<'mcsd'>): McsdSettings {
  const { kind, sync, bearerToken, trustedServers, authoritativeFor, believePublished } = one;
  return {
    ...{ ...serverSettings(one), kind, sync, syncEveryMs: one.syncSeconds * 1000, bearerToken },
    trust: { trustedServers, authoritativeFor, believePublished },
    overlapMs: one.overlapSeconds * 1000,
    passEveryMs: one.passHours * HOUR_MS,
  };
}

function keycloakSettings(one: Configured<'keycloak'>, serverName: string): KeycloakSettings {
  const { kind, sync, realm, clientId, clientSecret = '', attributes, trustedServers } = one;
  const { passwordClientId, passwordClientSecret } = one;
  return {
    ...{ ...serverSettings(one), kind, sync, syncEveryMs: one.syncSeconds * 1000 },
    ...{ realm, client: { clientId, clientSecret } },
    ...(passwordClientId !== undefined &&
      passwordClientSecret !== undefined && {
        passwordClient: { clientId: passwordClientId, clientSecret: passwordClientSecret },
      }),
    mapping: {
      attributes: {
        ...{ uzi_nr: attributes.uziNr, ura_nr: attributes.uraNr, role_code: attributes.roleCode },
      },
      ...{ matrixIdAttribute: attributes.matrixId, usernameIsLocalpart: one.usernameIsLocalpart },
      ...{ serverName, trustedServers },
    },
  };
}
