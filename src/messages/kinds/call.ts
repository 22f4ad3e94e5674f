// A call: people on the platform cannot take it, so the record says that it was tried, and the caller is told.
import { defineKind } from '../kind.ts';
import { createRecord } from '../record.ts';

/**
 * Events by which a call begins: of calls between two (https://spec.matrix.org/v1.19/client-server-api/#mcallinvite) and of
 * MatrixRTC (https://github.com/matrix-org/matrix-spec-proposals/pull/4075), in its older forms too. What follows, such as the
 * answer and the hang-up, is between the programs.
 */
const BEGINNINGS: ReadonlySet<string> = new Set([
  'm.call.invite',
  'm.call.notify',
  'org.matrix.msc4075.call.notify',
  'm.rtc.notification',
  'org.matrix.msc4075.rtc.notification',
]);

/** Clients of MatrixRTC send the older form and the newer one of the same call, at one time. */
const SAME_CALL_MS = 10_000;

/** The kind. */
export const call = defineKind<'call'>({
  name: 'call',
  sameWithinMs: SAME_CALL_MS,
  page: {
    matrix: '`m.call.invite`, `m.call.notify`, `m.rtc.notification`',
    fhir: '`payload.contentString`, tagged as a call; from FHIR it is text',
    kept: 'who tried to call and when; what comes from the same caller within ten seconds is the same call',
    lost: 'the call: who called reads a notice',
  },
  fromMatrix: ({ event }) => (BEGINNINGS.has(event.type) ? 'call' : undefined),
  toFhir: (_, context) => [
    createRecord(context, { payload: [{ contentString: context.options.texts.records.call }], kind: 'call' }),
  ],
  fromFhir: () => undefined,
  toMatrix: () => [],
  notices: () => ['call-not-carried'],
});
