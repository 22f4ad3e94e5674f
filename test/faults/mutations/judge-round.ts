// What is wrong after a round: lanes that are stuck, dead letters that nobody intended, personal data where it does not belong.
import { isErrorCode } from '../../../src/telemetry/errors.ts';
import { canariesIn } from './canaries.ts';
import { INTENDED_CODES } from './intended.ts';
import { judgeLog } from './judge-log.ts';
import type { World } from './world.ts';

/** Something that must not be, and texts in which the id of its cause may stand. */
export interface Fault {
  readonly what: string;
  readonly about: readonly string[];
}

interface DeadLetter {
  readonly code: string;
  readonly message: string;
  readonly id: string;
  readonly payload: string;
}

const DEAD_LETTERS = `
  select error_code as code, error_message as message, source || ' ' || source_id as id, payload::text as payload
  from dead_letter`;

/** Judges the world as it stands. @param stuck what is */
export async function judgeRound(world: World, stuck: readonly string[]): Promise<readonly Fault[]> {
  const { rows: letters } = await world.pool.query<DeadLetter>(DEAD_LETTERS);
  const { rows: audited } = await world.pool.query<{ line: string }>(
    'select row_to_json(a)::text as line from identity_audit a',
  );
  const metrics = await (await fetch(`http://127.0.0.1:${world.ports.ops}/metrics`)).text();
  const auditEvents = world.fhir.store.all('AuditEvent').map((each) => JSON.stringify(each));
  return [
    ...stuck.map((what) => ({ what: `stuck: ${what}`, about: [what] })),
    ...letters.flatMap(faultsOfLetter),
    ...judgeLog(world.takeLog()).map((what) => ({ what, about: [what] })),
    ...leaksIn('a metric', [metrics]),
    ...leaksIn(
      'the table of look-ups',
      audited.map(({ line }) => line),
    ),
    ...leaksIn(
      'an AuditEvent',
      auditEvents.filter((event) => event.includes('fhir-matrix-bridge')),
    ),
    ...leaksIn('the URL of a request to the FHIR server', world.fhir.takeTargets()),
  ];
}

function faultsOfLetter({ code, message, id, payload }: DeadLetter): readonly Fault[] {
  const isIntended = isErrorCode(code) && INTENDED_CODES.has(code);
  return [
    ...(isIntended ? [] : [{ what: `a dead letter: ${code}, ${message}`, about: [id, payload] }]),
    ...leaksIn('the error of a dead letter', [message]),
  ];
}

function leaksIn(where: string, texts: readonly string[]): readonly Fault[] {
  const faults = texts.flatMap((text) => canariesIn(text).map((canary) => ({ canary, text })));
  const once = new Map(faults.map(({ canary, text }) => [canary, text]));
  return [...once].map(([canary, text]) => ({ what: `${where} holds the ${canary}`, about: [text] }));
}
