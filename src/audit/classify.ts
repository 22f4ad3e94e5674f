// What a fact is as an AuditEvent: type, subtype, action, outcome.
import type { AuditEvent, Coding } from 'fhir/r4.js';
import type { Fact } from '../domain/facts.ts';
import { EVENT_TYPES, interaction } from './codes.ts';
import type { AuditSettings } from './settings.ts';

/** The elements that say what happened, and whether it did. */
export interface Classification {
  readonly type: Coding;
  readonly subtype: Coding;
  readonly action: NonNullable<AuditEvent['action']>;
  readonly outcome: NonNullable<AuditEvent['outcome']>;
  readonly outcomeDesc?: string;
}

/** Classifies a fact. https://hl7.org/fhir/R4/auditevent-definitions.html */
export function classify(fact: Fact, settings: Pick<AuditSettings, 'profile' | 'readType'>): Classification {
  const { rest, transmit } = EVENT_TYPES;
  switch (fact.kind) {
    case 'created':
      return done(fact.direction === 'to-matrix' ? transmit : rest, 'create', 'C');
    case 'changed':
    case 'retracted':
      return done(fact.direction === 'to-matrix' ? transmit : rest, 'update', 'U');
    case 'read':
      return done(settings.readType, 'read', 'R');
    case 'resource-created':
      return done(rest, 'create', 'C');
    case 'resource-changed':
    case 'joined':
    case 'left':
    case 'level-changed':
      return done(rest, 'update', 'U');
    case 'looked-up':
      return lookedUp(fact, settings);
    case 'refused':
      return { ...done(rest, 'operation', 'E'), outcome: '4', outcomeDesc: fact.reason };
    case 'failed':
      return { ...done(rest, 'operation', 'E'), outcome: '8', outcomeDesc: fact.code };
    case 'operated':
      return { ...done(rest, 'operation', 'E'), outcomeDesc: fact.act };
  }
}

function done(
  type: Coding,
  code: Parameters<typeof interaction>[0],
  action: Classification['action'],
): Classification {
  return { type, subtype: interaction(code), action, outcome: '0' };
}

const LOOK_UP_OUTCOMES = { found: '0', none: '0', refused: '4', failed: '8' } as const;

function lookedUp(
  { result }: Extract<Fact, { kind: 'looked-up' }>,
  { profile }: Pick<AuditSettings, 'profile'>,
): Classification {
  const action = profile === 'ozo' ? 'R' : 'E';
  return {
    ...done(EVENT_TYPES.rest, 'search', action),
    outcome: LOOK_UP_OUTCOMES[result],
    outcomeDesc: result,
  };
}
