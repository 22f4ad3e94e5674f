// Who took part: the person who did it, and the systems between which it went.
import type { AuditEventAgent, Reference } from 'fhir/r4.js';
import type { Agent, Fact } from '../domain/facts.ts';
import { serverNameOf, typeOf } from '../domain/ids.ts';
import { AGENT_TYPES, NETWORK_TYPES, SYSTEMS } from './codes.ts';
import { bridgeReference, fhirServerReference, personReference, urlOf } from './references.ts';
import type { AuditSettings } from './settings.ts';

type System = Pick<AuditEventAgent, 'who' | 'network'>;

/** The agents of a fact; one of them is the requestor, and for what FHIR asked for that is the bridge. */
export function agentsOf(fact: Fact, settings: AuditSettings): AuditEventAgent[] {
  const user = userAgent(fact, settings);
  const { source, destination } = systemsOf(fact, settings);
  return [
    ...(user === undefined ? [] : [user]),
    { type: coded('source'), ...source, requestor: user === undefined && fact.by.address !== undefined },
    ...(destination === undefined ? [] : [{ type: coded('destination'), ...destination, requestor: false }]),
    ...(user === undefined && fact.by.address === undefined ? [bridgeAgent(settings)] : []),
  ];
}

function userAgent({ kind, by: doer }: Fact, settings: AuditSettings): AuditEventAgent | undefined {
  const { bot, agentTeamExtension: teamExtension } = settings;
  // What the bot sends for a person is that person's.
  const by = doer.userId === bot ? { ...doer, userId: undefined } : doer;
  const who = whoOf(by, settings);
  if (who === undefined) return undefined;
  const isReader = kind === 'read' || kind === 'looked-up';
  return {
    ...(by.team !== undefined &&
      teamExtension !== undefined && {
        extension: [{ url: teamExtension, valueReference: { reference: by.team, type: 'CareTeam' } }],
      }),
    type: coded(isReader ? 'recipient' : 'author'),
    who,
    ...(by.userId !== undefined && { altId: by.userId }),
    requestor: true,
  };
}

function whoOf(by: Agent, { agentTypes, fhirBaseUrl }: AuditSettings): Reference | undefined {
  if (by.operator !== undefined) return { identifier: { system: SYSTEMS.operator, value: by.operator } };
  const { person } = by;
  const mayRefer = person === undefined || (agentTypes?.includes(typeOf(person)) ?? true);
  return mayRefer ? personReference(by) : urlOf(person, fhirBaseUrl);
}

function bridgeAgent(settings: AuditSettings): AuditEventAgent {
  return { type: coded('application'), who: bridgeReference(settings), requestor: true };
}

function coded(type: keyof typeof AGENT_TYPES): NonNullable<AuditEventAgent['type']> {
  return { coding: [AGENT_TYPES[type]] };
}

/** The systems between which it went; what an operator does stays in the bridge. */
function systemsOf(
  fact: Fact,
  settings: AuditSettings,
): { readonly source: System; readonly destination: System | undefined } {
  const { by } = fact;
  const fhir: System = {
    who: fhirServerReference(settings),
    network: { address: settings.fhirBaseUrl, type: NETWORK_TYPES.uri },
  };
  const bridge = bridgeAt(by, settings);
  switch (fact.kind) {
    case 'operated':
      return { source: bridge, destination: undefined };
    case 'looked-up':
      return { source: callerOf(by, bridge), destination: bridgeAt({}, settings) };
    case 'created':
    case 'changed':
    case 'retracted':
    case 'read':
      return fact.direction === 'to-fhir'
        ? { source: bridge, destination: fhir }
        : { source: fhir, destination: bridgeAt({}, settings) };
    case 'resource-created':
    case 'resource-changed':
      return { source: bridge, destination: fhir };
    case 'joined':
    case 'left':
    case 'level-changed':
    case 'refused':
    case 'failed':
      return by.userId === undefined
        ? { source: fhir, destination: bridge }
        : { source: bridge, destination: fhir };
  }
}

/** The bridge, with the homeserver at whose side it stands there: that of the user, or its own. */
function bridgeAt({ userId }: Agent, settings: AuditSettings): System {
  const address = serverNameOf(userId ?? settings.bot);
  return { who: bridgeReference(settings), network: { address, type: NETWORK_TYPES.machineName } };
}

function callerOf({ userId, address }: Agent, bridge: System): System {
  if (address !== undefined) {
    const network = { address, type: NETWORK_TYPES.ipAddress };
    return { who: { identifier: { system: SYSTEMS.networkAddress, value: address } }, network };
  }
  if (userId === undefined) return bridge;
  const server = serverNameOf(userId);
  return {
    who: { type: 'Device', identifier: { system: SYSTEMS.homeserver, value: server } },
    network: { address: server, type: NETWORK_TYPES.machineName },
  };
}
