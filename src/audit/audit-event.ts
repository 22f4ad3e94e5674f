// A fact → the AuditEvent that says it: the union of what IHE BALP and OZO's profile ask for. Pure.
// https://profiles.ihe.net/ITI/BALP/content.html https://ozo-implementation-guide.headease.nl/StructureDefinition-ozo-auditevent.html
import { createHash } from 'node:crypto';
import type { AuditEvent, Extension } from 'fhir/r4.js';
import type { Fact } from '../domain/facts.ts';
import { agentsOf } from './agents.ts';
import { classify } from './classify.ts';
import { APPLICATION_SERVER, EXTENSIONS, SYSTEMS } from './codes.ts';
import { entitiesOf } from './entities.ts';
import { bridgeReference } from './references.ts';
import type { AuditSettings } from './settings.ts';

/** What brought facts about: an item of the inbox, a command, a look-up. */
export interface Cause {
  readonly source: string;
  readonly sourceId: string;
}

/** An AuditEvent that the bridge is about to write. */
export type OwnAuditEvent = AuditEvent & { readonly id: string };

/**
 * The AuditEvents of facts with one cause, which share a trace id.
 * @param recorded when the facts became known; a part of the ids, so that a bridge with a new database overwrites none
 */
export function auditEventsOf(
  cause: Cause,
  facts: readonly Fact[],
  recorded: Date,
  settings: AuditSettings,
): readonly OwnAuditEvent[] {
  const stamp = recorded.toISOString();
  const traceId = digest(cause.source, cause.sourceId, stamp).slice(0, 32);
  return facts.map((fact, index) => {
    const own = digest(cause.source, cause.sourceId, stamp, String(index));
    // 46 characters that FHIR allows in an id.
    const id = `audit-${own.slice(0, 40)}`;
    const { type, subtype, ...happened } = classify(fact, settings);
    const entity = entitiesOf(fact, settings);
    return {
      resourceType: 'AuditEvent',
      id,
      meta: { tag: [{ system: SYSTEMS.auditEventId, code: id }] },
      extension: extensionsOf(fact, { traceId, spanId: own.slice(-16) }, settings),
      type,
      subtype: [subtype],
      recorded: stamp,
      ...happened,
      agent: agentsOf(fact, settings),
      source: { site: settings.site, observer: bridgeReference(settings), type: [APPLICATION_SERVER] },
      ...(entity.length > 0 && { entity }),
    };
  });
}

/** Ids of trace and span have the form of W3C Trace Context. https://www.w3.org/TR/trace-context/#traceparent-header */
function extensionsOf(
  fact: Fact,
  { traceId, spanId }: { readonly traceId: string; readonly spanId: string },
  { bot }: Pick<AuditSettings, 'bot'>,
): Extension[] {
  const isFromMatrix = fact.kind === 'created' && fact.direction === 'to-fhir';
  return [
    { url: EXTENSIONS.traceId, valueString: traceId },
    { url: EXTENSIONS.spanId, valueString: spanId },
    ...(isFromMatrix ? [{ url: EXTENSIONS.resourceOrigin, valueString: bot }] : []),
  ];
}

function digest(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
